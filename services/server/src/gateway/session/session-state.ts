import type { Group, Interest, LastSeen, Member } from '../../core/index.js';
import type { AdmissionRequest } from '../admission/admission-request.js';
import type { Heartbeat } from '../liveness/heartbeat.js';

/** The state of a session: its `phase`, and what it has in that phase. */
export type SessionState = GreetingState | WaitingState | ActiveState | ObservingState | ClosingState;

export interface GreetingState {
  readonly phase: 'greeting';
  /** Set between the hello and the decision of the log. */
  readonly request: AdmissionRequest | undefined;
}

/** R-JOIN-4: the session waits for a seat. */
export interface WaitingState {
  readonly phase: 'waiting';
  readonly request: AdmissionRequest;
  /** The position that the session was sent last; 0 before the first. */
  lastPosition: number;
}

/** What members and observers have in common. */
interface Admitted {
  readonly request: AdmissionRequest;
  readonly interest: Interest;
  lastSeen: LastSeen;
  /** Rises with every command that this session has sent. */
  commandsSent: number;
}

/** The commands under way to the sessions of a group. */
export interface PendingDeliveries {
  /** A frame for one session alone comes behind these. */
  readonly pendingCount: number;
  /** Puts them into the outboxes. */
  queueBatches(): void;
}

/** A session that speaks for a member. */
export interface ActiveState extends Admitted {
  readonly phase: 'active';
  readonly member: Member;
  readonly group: Group;
  readonly fanOut: PendingDeliveries;
  /** R-JOIN-6 `unconfirmed`: the session resumed, and has sent nothing since. */
  resumption: 'none' | 'unconfirmed';
  /** R-LEAD-2: from its `yield` until it may act again, a leader is sent no view. `log-stale`: see LogStalenessGuard. */
  yielding: 'no' | 'requested' | 'log-stale';
  /** The client's copy of the roster; `stale`: some change was not sent. */
  copy: 'current' | 'stale';
}

/** R-JOIN-1 role observer: the session has no rank, watches a group and may administer it. */
export interface ObservingState extends Admitted {
  readonly phase: 'observing';
  readonly id: string;
  readonly name: string;
}

/** The end of the session has been decided. Bytes that still arrive are ignored. */
export interface ClosingState {
  readonly phase: 'closing';
  readonly before: Exclude<SessionState, ClosingState>;
}

/** The heartbeat of a session that has one. */
export function heartbeatOf(state: SessionState): Heartbeat | undefined {
  switch (state.phase) {
    case 'greeting':
    case 'closing':
      return undefined;
    default:
      return state.request.heartbeat;
  }
}
