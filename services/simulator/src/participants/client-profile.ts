import type { DeliveredCommandMessage, ResultMessage } from '@rankd/protocol';
import type { SeededRandom } from '@rankd/testkit';

/** How a model client behaves within the protocol, and beyond it. */
export interface ClientProfile {
  readonly kind: 'steady' | 'sloppy';
  readonly updates: 'rank' | 'size' | 'roster';
  /** `never`: it stops, and does not say so. */
  readonly yields: 'soon' | 'never';
  /** `again`: one in a while it chooses an id for a command that may still be open. */
  readonly ids: 'fresh' | 'again';
}

interface Answer {
  readonly afterMs: number;
  readonly result: ResultMessage;
}

const statuses = ['done', 'done', 'failed', 'refused'] as const;

export function pickClientProfile(random: SeededRandom): ClientProfile {
  return {
    kind: random.chance(0.7) ? 'steady' : 'sloppy',
    updates: random.pick(['rank', 'rank', 'size', 'roster'] as const) ?? 'rank',
    yields: random.chance(0.85) ? 'soon' : 'never',
    ids: 'again',
  };
}

/** What it says to a command: the right thing, or the wrong, twice, too late, or nothing (R-CMD-5). */
export function answersTo(
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
