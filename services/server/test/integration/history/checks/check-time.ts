import { placeOf, type Claim } from '../claims.js';
import type { History } from '../history.js';

interface Moment {
  readonly atNs: bigint;
  readonly epoch: number;
  readonly seq: number;
  /** `began`: a member requested the entry at this position. `heard`: a member received something of this position. */
  readonly kind: 'began' | 'heard';
  readonly what: string;
}

/** When the entries at known positions were requested: commands, and joins, which have the position of their change. */
function beginnings({ recordings, testimonies }: History, claims: readonly Claim[]): Moment[] {
  const sentAtNs = new Map<string, bigint>();
  for (const each of recordings) if (each.kind === 'sent') sentAtNs.set(each.token, each.atNs);
  const moments = new Map<string, Moment>();
  for (const claim of claims) {
    const atNs = sentAtNs.get(String(claim.frame['args']));
    if (claim.frame.type !== 'command' || atNs === undefined) continue;
    moments.set(placeOf(claim), { ...claim, atNs, kind: 'began', what: String(claim.frame['args']) });
  }
  const joins = joinsOf(recordings);
  for (const { epoch, changes } of testimonies) {
    for (const { seq, cause } of changes) {
      const atNs = cause.kind === 'joined' ? joins.get(cause.member) : undefined;
      if (atNs !== undefined) moments.set(`${epoch}/${seq}`, { atNs, epoch, seq, kind: 'began', what: cause.name });
    }
  }
  return [...moments.values()];
}

/** When each member began to connect. */
function joinsOf(recordings: History['recordings']): Map<string, bigint> {
  const connecting = new Map<string, bigint>();
  const joins = new Map<string, bigint>();
  for (const each of recordings) {
    if (each.kind === 'connecting') connecting.set(each.who, each.atNs);
    const atNs = connecting.get(each.who);
    const isFresh = each.kind === 'heard' && each.frame.type === 'welcome' && each.frame['resumed'] !== true;
    if (isFresh && atNs !== undefined) joins.set(String(each.frame['member']), atNs);
  }
  return joins;
}

/**
 * The order agrees with real time: an entry that was requested after a member received a position has a later position.
 */
export function checkTime(history: History, claims: readonly Claim[]): string[] {
  const heard = claims.map(claim => ({ ...claim, kind: 'heard' as const, what: claim.who }));
  const moments: Moment[] = [...beginnings(history, claims), ...heard];
  moments.sort((a, b) => (a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : 0));
  const complaints: string[] = [];
  let latest: Moment | undefined;
  for (const moment of moments) {
    const isLater =
      latest === undefined || moment.epoch > latest.epoch || (moment.epoch === latest.epoch && moment.seq > latest.seq);
    if (moment.kind === 'heard' && isLater) latest = moment;
    if (moment.kind === 'began' && !isLater && latest !== undefined) {
      complaints.push(
        `time: ${moment.what} began after ${latest.what} received ${placeOf(latest)}, and got ${placeOf(moment)}`,
      );
    }
  }
  return complaints;
}
