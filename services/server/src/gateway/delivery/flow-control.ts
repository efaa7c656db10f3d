import type { SessionId } from '../../core/index.js';
import type { StallFreeClock } from '../liveness/stall-free-clock.js';
import type { OpenSessions } from '../session/open-sessions.js';
import { heartbeatOf } from '../session/session-state.js';
import type { Session } from '../session/session.js';

export interface FlowControlSettings {
  /** A session that is further behind than this ends. The outbox measures it. */
  readonly backlogBytesMax: number;
  /** A session that has read nothing for this long ends, and a session that has paused its senders for this long in all. */
  readonly stallMs: number;
}

export interface FlowControlPorts {
  readonly sessions: Pick<OpenSessions, 'get'>;
  readonly stallFreeClock: Pick<StallFreeClock, 'nowMs'>;
}

/** A sender that is paused, or that was resumed and has sent bytes meanwhile that are not read yet. */
interface HeldSender {
  state: 'paused' | 'catching-up';
  /** How many bytes the sender had sent at the last tick. */
  receivedBytes: number;
  /** How long ago the sender was resumed. */
  catchingUpMs: number;
}

interface SlowRecipient {
  readonly senders: Set<SessionId>;
  /** How long the recipient has paused its senders, in all. */
  pausedMs: number;
}

/**
 * What a slow reader costs (R-FLOW-1) is decided here, in three steps. A recipient that is behind by more than a quarter of
 * its backlog limit pauses its senders until it has caught up, for `stallMs` in all. A session that reads nothing for `stallMs`
 * ends. A session that would pass its backlog limit ends at once.
 */
export class FlowControl {
  /** A recipient further behind than this is slow. */
  readonly slowBytes: number;
  readonly #settings: FlowControlSettings;
  readonly #ports: FlowControlPorts;
  #tickedAtMs: number;
  /** Sessions that have not read everything that was written. */
  readonly #behind = new Set<Session>();
  readonly #slow = new Map<Session, SlowRecipient>();
  readonly #held = new Map<Session, HeldSender>();

  constructor(settings: FlowControlSettings, ports: FlowControlPorts) {
    this.slowBytes = settings.backlogBytesMax / 4;
    this.#settings = settings;
    this.#ports = ports;
    this.#tickedAtMs = ports.stallFreeClock.nowMs;
  }

  /** Called after each write to a session. */
  recordWrite(session: Session): void {
    if (session.outbox.backlogBytes > 0) this.#behind.add(session);
  }

  removeSession(session: Session): void {
    this.#behind.delete(session);
  }

  /** A frame has no room under the session's backlog limit. */
  endOverfull(session: Session): void {
    session.end('SLOW_CONSUMER', `more than ${this.#settings.backlogBytesMax} bytes unread`);
  }

  /** The slow recipients. A sender whose next command goes to one of them is paused too. */
  get slowRecipients(): Iterable<Session> {
    return this.#slow.keys();
  }

  /** Whether a recipient of commands is behind by more than `slowBytes`, after its outbox was flushed. */
  isSlow({ outbox }: Session): boolean {
    if (outbox.backlogBytes <= this.slowBytes) return false;
    outbox.flush();
    return outbox.backlogBytes > this.slowBytes;
  }

  /** Pauses the senders of commands until their slow recipient has caught up. Senders of other servers are not among them. */
  pauseSenders(recipient: Session, senders: Iterable<SessionId>): void {
    const slow = this.#slow.get(recipient) ?? { senders: new Set(), pausedMs: 0 };
    this.#slow.set(recipient, slow);
    for (const sender of senders) {
      slow.senders.add(sender);
      this.#pause(this.#ports.sessions.get(sender));
    }
  }

  /** Whether a session is silent because it is paused: its pongs wait behind its other frames. */
  excusesSilence(session: Session): boolean {
    return this.#held.has(session);
  }

  recordPong(session: Session): void {
    if (this.#held.get(session)?.state === 'catching-up') this.#held.delete(session);
  }

  /** Called every tick: ends sessions that are too slow, and resumes senders whose recipients have caught up. */
  tick(): void {
    const { nowMs } = this.#ports.stallFreeClock;
    for (const session of this.#behind) this.#checkStall(session, nowMs);
    const elapsedMs = nowMs - this.#tickedAtMs;
    this.#tickedAtMs = nowMs;
    this.#chargeSlowRecipients(elapsedMs);
    const waitedFor = new Set([...this.#slow.values()].flatMap(({ senders }) => [...senders]));
    // A copy: a resumed sender may be paused again at once, by the commands that it had sent.
    for (const [session, held] of [...this.#held]) {
      if (session.state.phase === 'closing') this.#held.delete(session);
      else if (held.state === 'catching-up') this.#checkCaughtUp(session, held, elapsedMs, nowMs);
      else if (!waitedFor.has(session.id)) this.#resume(session, held);
    }
  }

  #checkStall(session: Session, nowMs: number): void {
    if (session.outbox.isStalled(nowMs)) session.end('SLOW_CONSUMER', `nothing read for ${this.#settings.stallMs} ms`);
    else if (session.outbox.backlogBytes === 0) this.#behind.delete(session);
  }

  #chargeSlowRecipients(elapsedMs: number): void {
    const { stallMs } = this.#settings;
    for (const [recipient, slow] of [...this.#slow]) {
      if (recipient.state.phase === 'closing' || recipient.outbox.backlogBytes <= this.slowBytes / 2) {
        this.#slow.delete(recipient);
        continue;
      }
      slow.pausedMs += elapsedMs;
      if (slow.pausedMs < stallMs) continue;
      this.#slow.delete(recipient);
      recipient.end('SLOW_CONSUMER', `held up senders for ${stallMs} ms`);
    }
  }

  #pause(session: Session | undefined): void {
    if (session === undefined || session.isPaused) return;
    this.#held.set(session, { state: 'paused', receivedBytes: session.receivedBytes, catchingUpMs: 0 });
    session.pause();
  }

  #resume(session: Session, held: HeldSender): void {
    held.state = 'catching-up';
    session.resume();
  }

  /** A tick in which the sender sends nothing shows that it has been read dry. */
  #checkCaughtUp(session: Session, held: HeldSender, elapsedMs: number, nowMs: number): void {
    held.catchingUpMs += elapsedMs;
    const isDry = session.receivedBytes === held.receivedBytes;
    heartbeatOf(session.state)?.excuseSilence(nowMs);
    if (isDry || held.catchingUpMs >= this.#settings.stallMs) this.#held.delete(session);
    held.receivedBytes = session.receivedBytes;
  }
}
