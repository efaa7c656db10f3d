import { placeOf, type Claim } from '../claims.js';
import type { HeardFrame, Testimony } from '../history.js';

/** The part of a claim on which every member must agree. */
function contentOf({ frame }: Claim): string | undefined {
  switch (frame.type) {
    case 'command':
      return `command ${String(frame['args'])} in view ${String(frame['view'])}`;
    case 'view':
      return frame['changes'] === 1 ? `view ${String(frame['view'])} ${JSON.stringify(frame['cause'])}` : undefined;
    default:
      return undefined;
  }
}

/** R-VIEW-3: one order for all. Every member receives the same content for a position, from any server. */
export function checkOrder(claims: readonly Claim[], testimonies: readonly Testimony[]): string[] {
  const complaints = testimonies.flatMap(contradictions);
  const contents = new Map<string, { content: string; who: string }>();
  for (const claim of claims) {
    const content = contentOf(claim);
    if (content === undefined) continue;
    // A view that is sent late has the seq of its change, or of a later command.
    const place = `${claim.frame.type} ${placeOf(claim)}`;
    const known = contents.get(place);
    if (known === undefined) contents.set(place, { content, who: claim.who });
    else if (known.content !== content) {
      complaints.push(`order: ${place} is "${known.content}" to ${known.who} and "${content}" to ${claim.who}`);
    }
  }
  return complaints;
}

/** Two changes of the roster at one position. */
function contradictions({ epoch, changes }: Testimony): string[] {
  const first = new Map<number, string>();
  const complaints: string[] = [];
  for (const change of changes) {
    const content = JSON.stringify(change);
    const known = first.get(change.seq) ?? content;
    first.set(change.seq, known);
    if (known !== content) complaints.push(`order: an observer received ${known} and ${content} of epoch ${epoch}`);
  }
  return complaints;
}

/** Whether a frame may have the seq of the frame before it: it reports the present state, and no further entry. */
function mayRepeat({ type, ...frame }: HeardFrame): boolean {
  return type === 'welcome' || (type === 'view' && (frame['changes'] === 0 || frame['reset'] === true));
}

/**
 * R-VIEW-3: in a session seq and view never fall, no command arrives twice, and `was` is the last received rank. A
 * later session has no earlier epoch.
 */
export function checkMonotonic(claims: readonly Claim[]): string[] {
  const complaints: string[] = [];
  const last = new Map<string, { claim: Claim; view: number; rank: unknown; delivered: number }>();
  for (const claim of claims) {
    const { who, frame } = claim;
    if (frame.type === 'outcome') continue;
    const before = last.get(who);
    const hasRank = frame.type === 'welcome' || frame.type === 'view';
    const isSameOrder = claim.epoch === before?.claim.epoch;
    const delivered = frame.type === 'command' ? claim.seq : isSameOrder ? before.delivered : 0;
    const received = { view: Number(frame['view']), rank: hasRank ? frame['rank'] : before?.rank, delivered };
    if (before !== undefined) {
      const complain = (what: string): void => {
        complaints.push(`monotonic: ${what} at ${placeOf(claim)}, received by ${who} after ${placeOf(before.claim)}`);
      };
      if (claim.epoch < before.claim.epoch) complain('an earlier epoch');
      if (isSameOrder && claim.seq < before.claim.seq) complain('an earlier seq');
      if (isSameOrder && claim.seq === before.claim.seq && !mayRepeat(frame)) complain('the same seq');
      if (isSameOrder && received.view < before.view) complain('an earlier view');
      if (isSameOrder && frame.type === 'command' && claim.seq <= before.delivered) complain('a second delivery');
      if (frame.type === 'view' && frame['was'] !== before.rank) complain(`was ${String(frame['was'])}`);
    }
    last.set(who, { claim, ...received });
  }
  return complaints;
}
