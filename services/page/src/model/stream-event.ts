/** The events of a group's event stream. */

import type { OutcomeCounts, RosterMember } from '@rankd/protocol';
import type { RawEvent } from '../stream/sse-parser.js';

/** An event of `/api/events?pulse` (docs/operations/side-port.md). */
export type StreamEvent =
  | ({ readonly event: 'roster' } & RosterEvent)
  | ({ readonly event: 'view' } & ViewEvent)
  | ({ readonly event: 'command' } & CommandEvent)
  | ({ readonly event: 'refused' } & RefusedEvent)
  | ({ readonly event: 'outcome' } & OutcomeEvent)
  | ({ readonly event: 'pulse' } & PulseEvent);

/** An event and the group that it is about. One stream may have several groups. */
export type GroupEvent = StreamEvent & { readonly group: string };

/** The complete roster. A stream starts with it. */
export interface RosterEvent {
  readonly epoch: number;
  readonly view: number;
  readonly members: readonly RosterMember[];
}

/** A change of the roster. */
export interface ViewEvent {
  readonly epoch: number;
  readonly view: number;
  readonly at: string;
  readonly cause: {
    readonly kind: 'joined' | 'left' | 'moved' | 'away' | 'resumed';
    readonly member: string;
    readonly name: string;
    readonly rank: number;
    readonly reason?: string;
  };
  readonly joined?: RosterMember;
  readonly resumed?: RosterMember;
}

/** A command was accepted. */
export interface CommandEvent {
  readonly seq: number;
  readonly name: string;
  readonly from: string;
  readonly rank: number;
  readonly recipients: number;
  readonly refused: number;
}

/** A command was refused. */
export interface RefusedEvent {
  readonly name: string;
  readonly from: string;
  readonly rank: number;
  readonly code: string;
}

/** A command has ended. */
export interface OutcomeEvent extends OutcomeCounts {
  readonly seq: number;
  readonly ms: number;
}

/** The activity of two seconds. */
export interface Sample {
  readonly at: string;
  readonly commands: number;
  readonly refused: number;
  readonly size: number;
}

/** The state of the mirror in Redis. */
export type MirrorState =
  { readonly state: 'none' } | { readonly state: 'up' | 'down'; readonly lagViews: number; readonly reason?: string };

/** The numbers of the group, every two seconds. */
export interface PulseEvent {
  readonly at: string;
  readonly everyMs: number;
  readonly samples: readonly Sample[];
  readonly waiting: number;
  readonly waitlistMax: number;
  readonly membersMax: number;
  readonly state: 'starting' | 'accepting' | 'draining' | 'standby';
  readonly mirror: MirrorState;
}

const known: ReadonlySet<string> = new Set(['roster', 'view', 'command', 'refused', 'outcome', 'pulse']);
const ofCommands: ReadonlySet<string> = new Set(['command', 'refused', 'outcome']);
/**
 * The largest number of command events that are read from one piece of the stream. The page shows fewer, and `pulse` counts all
 * of them.
 */
export const COMMAND_EVENTS_MAX = 300;

/** Returns the events in one piece of the stream. Skips unknown events, which a newer server may send. */
export function readStreamEvents(raw: readonly RawEvent[]): GroupEvent[] {
  let spare = raw.filter(({ event }) => ofCommands.has(event)).length - COMMAND_EVENTS_MAX;
  const wanted = raw.filter(({ event }) => known.has(event) && !(ofCommands.has(event) && (spare -= 1) >= 0));
  return wanted.map(({ event, data }) => ({ ...(JSON.parse(data) as object), event }) as GroupEvent);
}
