import type { Clock, Timer } from '../clock.js';

/** A small question, or an append: past this, what became of it is not known. */
export const ANSWER_MS = 1500;

/** Rejects where no answer comes in time, whatever the library does with the question. */
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
