/** The events of a group, and how `rankctl events` prints them. */

import { assertNever, printable, type Cause } from '@rankd/protocol';
import { formatChange } from '../output/format-cause.js';
import type { ChangedRank } from './order-replica.js';

/** A member in an event. */
export interface EventMember {
  readonly member: string;
  readonly name: string;
}

/** The place of an event in the order of its group. */
interface Placed {
  readonly group: string;
  readonly epoch: number;
  readonly view: number;
  /** When it happened, ISO 8601. For a change in the history by the server's clock, otherwise by this machine's. */
  readonly at: string;
}

/** A change of the roster (R-VIEW-2). */
export interface ChangeEvent extends Placed, ChangedRank, EventMember {
  readonly event: Cause['kind'];
  readonly seq: number;
  readonly reason?: string | undefined;
  /** The number of members after the change. */
  readonly size: number;
  /** The leader after the change. `null` if there is none, undefined if it is not known. */
  readonly leader?: EventMember | null | undefined;
  /** Whether this change gave rank 0 to `leader`. */
  readonly leads?: true | undefined;
}

/** An event of a group. */
export type GroupEvent =
  | ChangeEvent
  /** A session has begun. The changes after `view` follow. */
  | (Placed & { readonly event: 'connected'; readonly size: number; readonly leader: EventMember | null })
  /** The session has ended, or none could be opened. Another attempt follows. */
  | {
      readonly event: 'disconnected';
      readonly group: string;
      readonly at: string;
      readonly code: string;
      readonly message: string;
    }
  /** Changes that the server no longer has. `count`: how many; undefined if it is not known, because the group had ended. */
  | (Placed & {
      readonly event: 'missing';
      readonly count?: number | undefined;
      readonly afterView: number;
      readonly afterEpoch: number;
    });

/** Returns an event as one line for people. */
export function formatEvent(event: GroupEvent): string {
  return `${event.at}  ${printable(wordsOf(event))}`;
}

function wordsOf(event: GroupEvent): string {
  switch (event.event) {
    case 'connected': {
      const members = `${event.size} ${event.size === 1 ? 'member' : 'members'}`;
      const leader = event.leader === null ? '' : `, ${event.leader.name} leads`;
      return `watching group ${event.group} from view ${event.view}: ${members}${leader}`;
    }
    case 'disconnected':
      return `${event.message}; reconnecting`;
    case 'missing':
      return missingWords(event);
    case 'joined':
    case 'left':
    case 'moved':
    case 'away':
    case 'resumed':
      return changeWords(event);
    default:
      return assertNever(event);
  }
}

function missingWords({
  count,
  afterView,
  afterEpoch,
  epoch,
  view,
}: Extract<GroupEvent, { event: 'missing' }>): string {
  if (count === undefined) {
    const what = epoch === afterEpoch ? 'all members have left' : `the order began again, in epoch ${epoch}`;
    return `changes after view ${afterView} are missing: ${what}`;
  }
  const changes = count === 1 ? '1 change is' : `${count} changes are`;
  return `${changes} missing: views ${afterView + 1} to ${view}, which the server no longer has`;
}

function changeWords({ event: kind, name, reason, rank, was, size, leader, leads }: ChangeEvent): string {
  const what = `${name} ${formatChange({ kind, member: '', name, ...(reason === undefined ? {} : { reason }) })}`;
  const place = placeWords({ kind, rank, was, size });
  return `${what} (${place})${leads === true && leader ? `; ${leader.name} leads` : ''}`;
}

function placeWords({ kind, rank, was, size }: ChangedRank & { kind: Cause['kind']; size: number }): string {
  const of = `of ${size}`;
  if (kind === 'left') return was === undefined ? `${size} remain` : `had rank ${was}, ${size} remain`;
  if (kind === 'moved') return `rank ${was ?? '?'} → ${rank ?? '?'} ${of}`;
  return `rank ${rank ?? '?'} ${of}`;
}
