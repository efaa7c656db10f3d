import { numberOf, type HeardFrame, type History } from './history.js';

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
  readonly frame: HeardFrame;
}

const PLACED = ['welcome', 'view', 'command', 'receipt', 'outcome'];

/** Every claim, each member's in the order in which it received them. An outcome repeats the seq of its receipt. */
export function claimsOf({ recordings }: History): Claim[] {
  const claims: Claim[] = [];
  const sessions = new Map<string, { member: string; epoch: number; session: number }>();
  for (const recording of recordings) {
    if (recording.kind !== 'heard' || !PLACED.includes(recording.frame.type)) continue;
    const { who, atNs, frame } = recording;
    const before = sessions.get(who) ?? { member: '', epoch: 0, session: 0 };
    const isWelcome = frame.type === 'welcome';
    const epoch = frame['epoch'] === undefined ? before.epoch : numberOf(frame, 'epoch');
    const now = {
      member: isWelcome ? String(frame['member']) : before.member,
      epoch,
      session: before.session + (isWelcome ? 1 : 0),
    };
    sessions.set(who, now);
    if (frame['seq'] !== undefined) claims.push({ who, atNs, frame, seq: numberOf(frame, 'seq'), ...now });
  }
  return claims;
}

export const placeOf = ({ epoch, seq }: { epoch: number; seq: number }): string => `${epoch}/${seq}`;
