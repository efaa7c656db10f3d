/** R-FLOW-1: what happens when a client reads slowly. */

import type { SessionId } from '../../core/index.js';
import type { StallFreeClock } from '../liveness/stall-free-clock.js';
import type { Session } from '../session/session.js';
import type { LagControl } from './lag-control.js';
import type { LogIntake } from './log-intake.js';
import type { ResultBackpressure } from './result-backpressure.js';
import type { SenderPauses } from './sender-pauses.js';

/** The limits of slow clients. */
export interface FlowControlSettings {
  /** A session with a larger backlog ends. A backlog is the bytes that wait for one session. */
  readonly backlogBytesMax: number;
  /** A session ends when it has read nothing for this long, or has paused its senders for this long in total. */
  readonly stallMs: number;
}

/** The parts of the gateway that FlowControl uses. */
export interface FlowControlPorts {
  readonly stallFreeClock: Pick<StallFreeClock, 'nowMs'>;
  readonly senderPauses: Pick<SenderPauses, 'pause' | 'resume' | 'isHeld' | 'tick'>;
  readonly resultBackpressure: Pick<ResultBackpressure, 'isPausing' | 'tick'>;
  readonly intake: Pick<LogIntake, 'isPausing' | 'tick'>;
  readonly lagControl: Pick<LagControl, 'heavySenders' | 'tick'>;
}

interface SlowRecipient {
  readonly senders: Set<SessionId>;
  /** How long the recipient has paused its senders, in total. */
  pausedMs: number;
  /** The senders are resumed when the recipient has also read this many bytes of all that was written to it. */
  readUntilBytes: number;
}

/**
 * Pauses the senders of slow recipients, and ends slow sessions (R-FLOW-1). Each of these ends a session with SLOW_CONSUMER:
 * - It pauses its senders for `stallMs` in total. A recipient pauses its senders when its backlog is over a quarter of the limit, until
 * the backlog is at most an eighth.
 * - It reads nothing for `stallMs`.
 * - Its backlog would pass the limit.
 */
export class FlowControl {
  /** A recipient with a larger backlog is slow. */
  readonly slowBytes: number;
  readonly #settings: FlowControlSettings;
  readonly #ports: FlowControlPorts;
  #tickedAtMs: number;
  /** The sessions that have a backlog. */
  readonly #behind = new Set<Session>();
  readonly #slow = new Map<Session, SlowRecipient>();

  constructor(settings: FlowControlSettings, ports: FlowControlPorts) {
    this.slowBytes = settings.backlogBytesMax / 4;
    this.#settings = settings;
    this.#ports = ports;
    this.#tickedAtMs = ports.stallFreeClock.nowMs;
  }

  /** Must be called after each write to a session. */
  recordWrite(session: Session): void {
    if (session.outbox.backlogBytes === 0 || this.#behind.has(session)) return;
    this.#behind.add(session);
    // Otherwise the stall would count from an earlier backlog, or from the start of the server.
    session.outbox.startBacklog(this.#ports.stallFreeClock.nowMs);
  }

  /** Forgets an ended session. */
  removeSession(session: Session): void {
    this.#behind.delete(session);
  }

  /** Ends a session whose next frame does not fit under its backlog limit. A client whose frames are held is not slow. */
  endOverfull(session: Session): void {
    if (session.outbox.isHeld) {
      session.turnAway('UNAVAILABLE', 'more frames are held than the limit of RANKD_BACKLOG_BYTES_MAX permits');
      return;
    }
    session.end(
      'SLOW_CONSUMER',
      session.outbox.backlogBytes >= this.#settings.backlogBytesMax / 2
        ? `more than ${this.#settings.backlogBytesMax} bytes unread, the limit of RANKD_BACKLOG_BYTES_MAX`
        : 'too many bytes unread by all sessions together, the limit of RANKD_UNREAD_BYTES_MAX',
    );
  }

  /** The slow recipients. A sender is paused when it sends a command to one of them. */
  get slowRecipients(): Iterable<Session> {
    return this.#slow.keys();
  }

  /** Whether the backlog of a session is over `slowBytes` after its outbox was flushed. */
  isSlow({ outbox }: Session): boolean {
    if (outbox.backlogBytes <= this.slowBytes) return false;
    outbox.flush();
    return outbox.backlogBytes > this.slowBytes;
  }

  /** Pauses these senders, here or at other servers, until their slow recipient has caught up. */
  pauseSenders(recipient: Session, senders: Iterable<SessionId>): void {
    const slow = this.#slowRecipient(recipient);
    for (const sender of senders) {
      slow.senders.add(sender);
      this.#ports.senderPauses.pause(sender);
    }
  }

  /** Pauses a sender with too many unread bytes until the recipient has read what waits for it now. */
  pauseUntilRead(recipient: Session, sender: SessionId): void {
    const slow = this.#slowRecipient(recipient);
    if (slow.readUntilBytes === 0) slow.readUntilBytes = recipient.outbox.queuedBytes;
    this.pauseSenders(recipient, [sender]);
  }

  #slowRecipient(recipient: Session): SlowRecipient {
    const slow = this.#slow.get(recipient) ?? { senders: new Set(), pausedMs: 0, readUntilBytes: 0 };
    this.#slow.set(recipient, slow);
    return slow;
  }

  /** Must be called every tick. Ends sessions that are too slow, and resumes senders whose recipients have caught up. */
  tick(): void {
    const { nowMs } = this.#ports.stallFreeClock;
    for (const session of this.#behind) this.#checkStall(session, nowMs);
    const elapsedMs = nowMs - this.#tickedAtMs;
    this.#tickedAtMs = nowMs;
    this.#chargeSlowRecipients(elapsedMs);
    const { senderPauses, resultBackpressure, lagControl } = this.#ports;
    this.#ports.intake.tick();
    lagControl.tick(elapsedMs);
    resultBackpressure.tick(elapsedMs);
    const slowed = [...this.#slow.values()].flatMap(({ senders }) => [...senders]);
    const waiting = new Set([...slowed, ...lagControl.heavySenders]);
    senderPauses.tick(elapsedMs, nowMs, waiting, session => this.#isHeldBack(session));
  }

  /** Reads from a paused session again, unless a slow recipient, a waiting result or its entries in the log still pause it. */
  resumeIfFree(session: Session): void {
    if (this.#isHeldBack(session)) return;
    for (const { senders } of this.#slow.values()) if (senders.has(session.id)) return;
    for (const id of this.#ports.lagControl.heavySenders) if (id === session.id) return;
    this.#ports.senderPauses.resume(session);
  }

  #isHeldBack(session: Session): boolean {
    const { resultBackpressure, intake, senderPauses } = this.#ports;
    return intake.isPausing(session) || resultBackpressure.isPausing(session) || senderPauses.isHeld(session);
  }

  #checkStall(session: Session, nowMs: number): void {
    if (session.outbox.isStalled(nowMs))
      session.end('SLOW_CONSUMER', `nothing read for ${this.#settings.stallMs} ms, the limit of RANKD_STALL_MS`);
    else if (session.outbox.backlogBytes === 0) this.#behind.delete(session);
  }

  #chargeSlowRecipients(elapsedMs: number): void {
    const { stallMs } = this.#settings;
    for (const [recipient, slow] of [...this.#slow]) {
      const { outbox } = recipient;
      const hasCaughtUp = outbox.backlogBytes <= this.slowBytes / 2 && outbox.readBytes >= slow.readUntilBytes;
      if (recipient.state.phase === 'closing' || hasCaughtUp) {
        this.#slow.delete(recipient);
        continue;
      }
      if (outbox.isHeld) continue;
      slow.pausedMs += elapsedMs;
      if (slow.pausedMs < stallMs) continue;
      this.#slow.delete(recipient);
      recipient.end('SLOW_CONSUMER', `paused its senders for ${stallMs} ms in total, the limit of RANKD_STALL_MS`);
    }
  }
}
