/** The time limit of an answer of Redis. */

import type { Clock, Timer } from '../clock.js';

/** The time limit of a small command or an append. After it, it is unknown whether an append was executed. */
export const ANSWER_MS = 1500;

/** Settles as `answer` does. Rejects if `answer` is not settled within `limitMs`. The command itself is not cancelled. */
export async function withTimeout<T>(clock: Clock, limitMs: number, answer: Promise<T>): Promise<T> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = clock.after(limitMs, () => reject(new Error(`no answer within ${limitMs} ms`)));
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    timer?.cancel();
  }
}
