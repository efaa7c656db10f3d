import type { HelloMessage } from '@rankd/protocol';
import type { Group, Interest, Member, LastSeen } from '../../core/index.js';
import type { FanOut } from '../delivery/fan-out.js';
import type { Heartbeat } from '../liveness/keepalive.js';

/** Where a session stands; the one field that says so. */
export type SessionState = GreetingState | WaitingState | ActiveState | ObservingState | ClosingState;

/** What a hello asked for, once it has been found in order. */
export interface AdmissionRequest {
  readonly hello: HelloMessage;
  readonly group: string;
  /** It said the admin token. */
  readonly isAdmin: boolean;
  /** What takes back the seat that it asks for. */
  readonly secret: string;
  /** None for a person at netcat, who said `heartbeat: false`. */
  readonly pulse: Heartbeat | undefined;
  /** On the server's lived clock. */
  readonly helloAtMs: number;
}

export interface GreetingState {
  readonly phase: 'greeting';
  readonly openedAtMs: number;
  /** Once it has said hello and the log has yet to decide. */
  readonly asked: AdmissionRequest | undefined;
}

/** R-JOIN-4: it waits for a seat. */
export interface WaitingState {
  readonly phase: 'waiting';
  readonly asked: AdmissionRequest;
  /** 0 before the first. */
  positionTold: number;
}

/** What members and observers have in common. */
interface Admitted {
  readonly asked: AdmissionRequest;
  readonly interest: Interest;
  told: LastSeen;
  /** Rises with every command that this session has sent. */
  commandsSent: number;
}

/** A session that speaks for a member. */
export interface ActiveState extends Admitted {
  readonly phase: 'active';
  readonly member: Member;
  readonly group: Group;
  /** Commands on their way to its group. */
  readonly deliveries: FanOut;
  /** R-JOIN-6: it resumed, and has sent nothing since. */
  resumption: 'none' | 'unconfirmed';
  /** R-LEAD-2: between `yield` and the end of what waits for it, it is told no view. `doubt`: nothing waits; see Doubt. */
  yielding: 'no' | 'asked' | 'doubt';
  /** What it knows of the roster; `stale`: it was told nothing of some change. */
  copy: 'current' | 'stale';
}

/** R-JOIN-1 role observer: no rank; watches, and administers where it may. */
export interface ObservingState extends Admitted {
  readonly phase: 'observing';
  readonly id: string;
  readonly name: string;
}

/** Its `bye` is said; what still arrives is ignored. */
export interface ClosingState {
  readonly phase: 'closing';
  readonly before: Exclude<SessionState, ClosingState>;
}

/** The pulse of a session that has one. */
export function heartbeatOf(state: SessionState): Heartbeat | undefined {
  switch (state.phase) {
    case 'greeting':
    case 'closing':
      return undefined;
    default:
      return state.asked.pulse;
  }
}
