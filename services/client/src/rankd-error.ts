/** The errors of this library. */

import {
  errorCodes,
  explain,
  explainMistake,
  findMistake,
  mistakes,
  onAbort,
  printable,
  type ErrorCode,
  type Mistake,
} from '@rankd/protocol';
import type { CommandResult } from './commands/sheet.js';

/** The optional properties of an error. */
export interface RankdErrorOptions {
  readonly cause?: unknown;
  /** The message of the server. It replaces the sentence of the error table. */
  readonly message?: string | undefined;
  /** Whether the server says that a retry may succeed. It replaces the value of the error table. */
  readonly retry?: boolean | undefined;
  /** How long the server asks to wait before a retry, ms. */
  readonly retryAfterMs?: number | undefined;
  /** The mistake behind the error. Its sentence replaces that of the error table. */
  readonly mistake?: Mistake | undefined;
  /** The results of the command that had arrived. */
  readonly results?: readonly CommandResult[] | undefined;
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
  /** The mistake that caused the error, if the library recognizes it: a name in docs/connection-errors.md. */
  readonly mistake: Mistake | undefined;
  /** What to do next: the last part of the message. Undefined if there is nothing to do. */
  readonly hint: string | undefined;
  /**
   * The results that had arrived before OUTCOME_UNKNOWN, if the option `reply` of the command was `each`. Every other
   * recipient may have executed the command, too.
   */
  readonly results: readonly CommandResult[] | undefined;

  /** @internal */
  constructor(code: ErrorCode, detail?: string, options: RankdErrorOptions = {}) {
    const { mistake } = options;
    const sentence = mistake === undefined ? explain(code, detail) : explainMistake(mistake, detail);
    // The message may quote the server. Node prints an uncaught error unescaped.
    super(printable(options.message ?? sentence), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retry = options.retry ?? errorCodes[code].retry;
    this.retryAfterMs = options.retryAfterMs;
    this.mistake = mistake;
    this.hint = mistake === undefined ? errorCodes[code].remedy : mistakes[mistake].remedy;
    this.results = options.results;
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
      mistake: findMistake(message),
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
  let removeListener: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    removeListener = onAbort(signal, () => reject(new RankdError('ABORTED', undefined, { cause: signal.reason })));
  });
  try {
    return await Promise.race([aborted, work]);
  } finally {
    removeListener();
  }
}
