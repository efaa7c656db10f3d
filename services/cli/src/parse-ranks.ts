import { limits } from '@rankd/protocol';
import { UsageError } from './errors.js';

/**
 * Parses a list of ranks: `1,3-5` → 1, 3, 4, 5.
 * @throws UsageError if it is not such a list, or has more than 1000 ranks
 */
export function parseRanks(text: string): number[] {
  const ranks = new Set<number>();
  for (const part of text.split(',')) {
    const [, first, last] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part.trim()) ?? [];
    if (first === undefined) throw new UsageError(`${JSON.stringify(text)} is not a list of ranks such as 0 or 1,3-5`);
    addRange(ranks, Number(first), Number(last ?? first), text);
  }
  return [...ranks].sort((one, other) => one - other);
}

function addRange(ranks: Set<number>, first: number, last: number, text: string): void {
  if (last < first) throw new UsageError(`${JSON.stringify(text)}: a range must begin with its smaller number`);
  for (let rank = first; rank <= last; rank += 1) {
    ranks.add(rank);
    if (ranks.size > limits.targetsMax) {
      throw new UsageError(`${JSON.stringify(text)} names more than ${limits.targetsMax} ranks`);
    }
  }
}
