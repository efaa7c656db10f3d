import { errorCodes, explain, printable, type ErrorCode } from '@rankd/protocol';

export interface RankdErrorOptions {
  readonly cause?: unknown;
  /** Instead of the table's sentence: what the server said. */
  readonly message?: string | undefined;
  /** Instead of the table's: what the server said. */
  readonly retry?: boolean | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** Every error of this library. `code` is stable and is listed in docs/errors.md. `message` is for people. */
export class RankdError extends Error {
  override readonly name = 'RankdError';
  readonly code: ErrorCode;
  /** Whether the same call may succeed later. */
  readonly retry: boolean;
  /** How long the server asks to wait before a retry, ms. */
  readonly retryAfterMs: number | undefined;

  /** @internal */
  constructor(code: ErrorCode, detail?: string, options: RankdErrorOptions = {}) {
    // It may quote the server, and Node prints what nobody catches as it is.
    super(
      printable(options.message ?? explain(code, detail)),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.retry = options.retry ?? errorCodes[code].retry;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** What a server said went wrong: a `bye`, or a receipt of a command that was not accepted, which says nothing of `retry`. */
export interface ServerFault {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly retry?: boolean | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** A code may be newer than this library, whose table then does not have it; whether to retry is the server's word (R-BYE-1). */
export function errorFromServer({ code = '', message = '', retry, retryAfterMs }: ServerFault): RankdError {
  if (Object.hasOwn(errorCodes, code)) {
    return new RankdError(code as ErrorCode, undefined, {
      message: message === '' ? undefined : message,
      retry,
      retryAfterMs,
    });
  }
  const known = retry === true ? 'UNAVAILABLE' : 'UNSUPPORTED';
  return new RankdError(known, `${code}: ${message}`, { retry, retryAfterMs });
}

/** Settles as `work` does. Rejects with ABORTED as soon as `signal` is aborted; the result of `work` is ignored then. */
export async function rejectOnAbort<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new RankdError('ABORTED', undefined, { cause: signal.reason }));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
