import { numberOf, type HeardFrame, type History } from './history.js';

/** What a member has received in its session before a frame. */
export interface Told {
  /** The rank and the size in its last welcome or view. */
  readonly rank: unknown;
  readonly size: unknown;
  /** Whether it was asked to stop and has received no view since. */
  readonly mayAct: boolean;
}

/** A frame that refers to a position in the order. */
export interface Claim {
  readonly who: string;
  /** The member id in that session. */
  readonly member: string;
  readonly epoch: number;
  readonly seq: number;
  readonly atNs: bigint;
  /** The number of the session of `who`, from 1. */
  readonly session: number;
  readonly told: Told;
  readonly frame: HeardFrame;
}

const PLACED = ['welcome', 'view', 'command', 'receipt', 'outcome'];

/** Nothing: the next frame is a welcome. */
const UNTOLD: Told = { rank: undefined, size: undefined, mayAct: false };

/** Every claim, each member's in the order in which it received them. An outcome repeats the seq of its receipt. */
export function claimsOf({ recordings }: History): Claim[] {
  const claims: Claim[] = [];
  const sessions = new Map<string, { member: string; epoch: number; session: number; told: Told }>();
  for (const recording of recordings) {
    if (recording.kind !== 'heard' || ![...PLACED, 'yield'].includes(recording.frame.type)) continue;
    const { who, atNs, frame } = recording;
    const before = sessions.get(who) ?? { member: '', epoch: 0, session: 0, told: UNTOLD };
    const isWelcome = frame.type === 'welcome';
    const epoch = frame['epoch'] === undefined ? before.epoch : numberOf(frame, 'epoch');
    const now = {
      member: isWelcome ? String(frame['member']) : before.member,
      epoch,
      session: before.session + (isWelcome ? 1 : 0),
    };
    sessions.set(who, { ...now, told: toldBy(frame, before.told) });
    if (frame['seq'] !== undefined) {
      claims.push({ who, atNs, frame, seq: numberOf(frame, 'seq'), ...now, told: before.told });
    }
  }
  return claims;
}

function toldBy(frame: HeardFrame, before: Told): Told {
  if (frame.type === 'yield') return { ...before, mayAct: false };
  const isTelling = frame.type === 'welcome' || frame.type === 'view';
  return isTelling ? { rank: frame['rank'], size: frame['size'], mayAct: true } : before;
}

export const placeOf = ({ epoch, seq }: { epoch: number; seq: number }): string => `${epoch}/${seq}`;
