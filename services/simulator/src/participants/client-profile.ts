/** How a simulated client behaves, and how it answers commands. */

import type { DeliveredCommandMessage, ResultMessage } from '@rankd/protocol';
import type { SeededRandom } from '@rankd/testkit';

/** How a model client behaves: within the protocol (`steady`), or sometimes against it (`sloppy`). */
export interface ClientProfile {
  readonly kind: 'steady' | 'sloppy';
  readonly updates: 'rank' | 'size' | 'roster';
  /** Whether it answers a `yield`. With `never` it stops leading but does not answer. */
  readonly yields: 'soon' | 'never';
  /** With `again`, it sometimes uses the id of a command that may still be open. */
  readonly ids: 'fresh' | 'again';
  /** Which epoch its hello names: the one that it has held, or a later one, against the protocol. */
  readonly epochs: 'held' | 'later';
}

/** One of this many pairs of seeds has clients that name later epochs. Seeds are paired, because every second one has two shards. */
const LATER_PAIRS = 16;
const LATER_PAIR = 9;

interface Answer {
  readonly afterMs: number;
  readonly result: ResultMessage;
}

const statuses = ['done', 'done', 'failed', 'refused'] as const;

/** Picks a random profile. */
export function pickClientProfile(seed: number, random: SeededRandom): ClientProfile {
  return {
    epochs: Math.floor(seed / 2) % LATER_PAIRS === LATER_PAIR ? 'later' : 'held',
    kind: random.chance(0.7) ? 'steady' : 'sloppy',
    updates: random.pick(['rank', 'rank', 'size', 'roster'] as const) ?? 'rank',
    yields: random.chance(0.85) ? 'soon' : 'never',
    ids: 'again',
  };
}

/** Picks the results that a client sends for a command: the right one, a wrong one, two, a late one, or none (R-CMD-5). */
export function pickAnswers(
  { seq, deadlineMs }: DeliveredCommandMessage,
  epoch: number,
  { kind }: ClientProfile,
  random: SeededRandom,
): Answer[] {
  const status = random.pick(statuses) ?? 'done';
  const result: ResultMessage = { type: 'result', seq, status, epoch, value: seq };
  const right = { afterMs: random.below(40), result };
  if (kind === 'steady' || random.chance(0.3)) return [right];
  switch (random.below(5)) {
    case 0:
      return [];
    case 1:
      return [{ ...right, result: { ...result, seq: seq + random.between(1, 3) } }];
    case 2:
      return [right, { afterMs: right.afterMs + random.below(20), result: { ...result, status: 'failed' } }];
    case 3:
      return [{ afterMs: deadlineMs + random.below(50), result }];
    default:
      return [
        { ...right, result: { ...result, epoch: epoch - 1 } },
        { ...right, afterMs: right.afterMs + 5 },
      ];
  }
}
