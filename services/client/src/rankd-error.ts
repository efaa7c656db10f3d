import { errorCodes, explain, type ErrorCode } from '@rankd/protocol';

/** Every error of this library. `code` is from rankd's one table (docs/errors.md) and stable; the message is for people. */
export class RankdError extends Error {
  override readonly name = 'RankdError';
  readonly code: ErrorCode;
  /** Whether the same may work later, unchanged. */
  readonly retry: boolean;
  /** How long the server asked to wait before that, ms. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, detail?: string, options: { cause?: unknown; retryAfterMs?: number | undefined } = {}) {
    super(explain(code, detail), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retry = errorCodes[code].retry;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** A code that a server sent: it may be newer than this library, whose table then does not have it. */
export function errorFromServer(code: string, message: string, retryAfterMs?: number): RankdError {
  if (code in errorCodes) return new RankdError(code as ErrorCode, undefined, { retryAfterMs, cause: message });
  return new RankdError('UNSUPPORTED', `${code}: ${message}`, { retryAfterMs });
}

/** Rejects as soon as `signal` is aborted, whatever `work` does. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  if (signal.aborted) throw new RankdError('ABORTED', undefined, { cause: signal.reason });
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new RankdError('ABORTED', undefined, { cause: signal.reason }));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
