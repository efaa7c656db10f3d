/** The states of a session. */

import type { Group, Interest, LastSeen, Member } from '../../core/index.js';
import type { AdmissionRequest } from '../admission/admission-request.js';
import type { Heartbeat } from '../liveness/heartbeat.js';

/** The state of a session: its phase, and the data of that phase. */
export type SessionState = GreetingState | WaitingState | ActiveState | ObservingState | ClosingState;

/** The session has no decision about its `hello` yet. */
export interface GreetingState {
  readonly phase: 'greeting';
  /** Set from the hello until the log has decided about it. */
  readonly request: AdmissionRequest | undefined;
}

/** The session is on the waitlist (R-JOIN-4). */
export interface WaitingState {
  readonly phase: 'waiting';
  readonly request: AdmissionRequest;
  /** The position that the session was sent last. 0 before the first one. */
  lastPosition: number;
}

/** The fields that members and observers have in common. */
interface Admitted {
  readonly request: AdmissionRequest;
  readonly interest: Interest;
  lastSeen: LastSeen;
  /** The number of commands that this session has sent. */
  commandsSent: number;
}

/** The commands that wait to be encoded for the sessions of a group. */
export interface PendingDeliveries {
  /** The number of these commands. A frame for one session alone comes after them. */
  readonly pendingCount: number;
  /** Encodes them and adds them to the outboxes. */
  queueBatches(): void;
}

/** The session of a member. */
export interface ActiveState extends Admitted {
  readonly phase: 'active';
  readonly member: Member;
  readonly group: Group;
  readonly fanOut: PendingDeliveries;
  /** `unconfirmed`: the session has resumed a seat and has sent no frame since (R-JOIN-6). */
  resumption: 'none' | 'unconfirmed';
  /**
   * Whether this member was sent `yield` and must not act yet (R-LEAD-2). `requested`: the core has asked this leader to stop. It gets no
   * views in that time. `log-stale`: see LogStalenessGuard.
   */
  yielding: 'no' | 'requested' | 'log-stale';
  /** The views among the held frames: none, some, or also one with rank 0. */
  heldViews: 'none' | 'some' | 'leading';
  /** The client's copy of the roster. `stale`: some change was not sent to the client. */
  copy: 'current' | 'stale';
}

/** The session of an observer (R-JOIN-1). It has no rank. It watches a group, and with the admin token may administer it. */
export interface ObservingState extends Admitted {
  readonly phase: 'observing';
  readonly id: string;
  readonly name: string;
}

/** The session has ended. Bytes that still arrive are ignored. */
export interface ClosingState {
  readonly phase: 'closing';
  readonly before: Exclude<SessionState, ClosingState>;
}

/** Returns the heartbeat of a session. Returns undefined if the session gets no pings or is not admitted yet. */
export function heartbeatOf(state: SessionState): Heartbeat | undefined {
  switch (state.phase) {
    case 'greeting':
    case 'closing':
      return undefined;
    default:
      return state.request.heartbeat;
  }
}
