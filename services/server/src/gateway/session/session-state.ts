import type { HelloMessage } from '@rankd/protocol';
import type { Group, Interest, Member, LastSeen } from '../../core/index.js';
import type { FanOut } from '../delivery/fan-out.js';
import type { Heartbeat } from '../liveness/keepalive.js';

/** The state of a session: its `phase`, and what it has in that phase. */
export type SessionState = GreetingState | WaitingState | ActiveState | ObservingState | ClosingState;

/** What a valid hello asks for. */
export interface AdmissionRequest {
  readonly hello: HelloMessage;
  readonly group: string;
  /** It gave the admin token. */
  readonly isAdmin: boolean;
  /** With this secret a later session can resume the seat. */
  readonly secret: string;
  /** None for a person at netcat, who said `heartbeat: false`. */
  readonly heartbeat: Heartbeat | undefined;
  /** On the StallFreeClock. */
  readonly helloAtMs: number;
}

export interface GreetingState {
  readonly phase: 'greeting';
  readonly openedAtMs: number;
  /** Set between its hello and the decision of the log. */
  readonly request: AdmissionRequest | undefined;
}

/** R-JOIN-4: it waits for a seat. */
export interface WaitingState {
  readonly phase: 'waiting';
  readonly request: AdmissionRequest;
  /** The position that it was sent last; 0 before the first. */
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

/** A session that speaks for a member. */
export interface ActiveState extends Admitted {
  readonly phase: 'active';
  readonly member: Member;
  readonly group: Group;
  /** The commands under way to its group. */
  readonly fanOut: FanOut;
  /** R-JOIN-6: it resumed, and has sent nothing since. */
  resumption: 'none' | 'unconfirmed';
  /** R-LEAD-2: from its `yield` until it may act again it is sent no view. `log-stale`: see LogStalenessGuard. */
  yielding: 'no' | 'requested' | 'log-stale';
  /** Its copy of the roster; `stale`: it was not sent some change. */
  copy: 'current' | 'stale';
}

/** R-JOIN-1 role observer: it has no rank, watches a group and may administer it. */
export interface ObservingState extends Admitted {
  readonly phase: 'observing';
  readonly id: string;
  readonly name: string;
}

/** Its end has been decided; what still arrives is ignored. */
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
