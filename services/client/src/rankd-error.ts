/** The errors of this library. */

import { errorCodes, explain, printable, type ErrorCode } from '@rankd/protocol';

/** The optional properties of an error. */
export interface RankdErrorOptions {
  readonly cause?: unknown;
  /** The message of the server. It replaces the sentence of the error table. */
  readonly message?: string | undefined;
  /** Whether the server says that a retry may succeed. It replaces the value of the error table. */
  readonly retry?: boolean | undefined;
  /** How long the server asks to wait before a retry, ms. */
  readonly retryAfterMs?: number | undefined;
}

/** Every error that this library throws. docs/errors.md explains each code. */
export class RankdError extends Error {
  override readonly name = 'RankdError';
  /** The stable name of the error, for programs. */
  readonly code: ErrorCode;
  /** Whether the same call may succeed later. */
  readonly retry: boolean;
  /** How long the server asks to wait before a retry, ms. Undefined if it does not ask. */
  readonly retryAfterMs: number | undefined;

  /** @internal */
  constructor(code: ErrorCode, detail?: string, options: RankdErrorOptions = {}) {
    // The message may quote the server. Node prints an uncaught error unescaped.
    super(
      printable(options.message ?? explain(code, detail)),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.retry = options.retry ?? errorCodes[code].retry;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** An error from the server: a `bye`, or a receipt of a command that was not accepted. A receipt has no `retry`. */
export interface ServerFault {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly retry?: boolean | undefined;
  readonly retryAfterMs?: number | undefined;
}

/**
 * Converts an error from the server to a RankdError. A later server may send a code that this library does not know. The error
 * then has the code UNAVAILABLE if the server allows a retry, otherwise UNSUPPORTED (R-BYE-1).
 */
export function errorFromServer({ code = '', message = '', retry, retryAfterMs }: ServerFault): RankdError {
  if (Object.hasOwn(errorCodes, code)) {
    return new RankdError(code as ErrorCode, undefined, {
      message: message === '' ? undefined : message,
      retry,
      retryAfterMs,
    });
  }
  const known = retry === true ? 'UNAVAILABLE' : 'UNSUPPORTED';
  return new RankdError(known, undefined, { message: `the server reported ${code}: ${message}`, retry, retryAfterMs });
}

/** Settles as `work` does. Rejects with ABORTED as soon as `signal` is aborted, and then ignores the result of `work`. */
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
