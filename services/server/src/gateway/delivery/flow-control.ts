import type { Session } from '../session/session.js';
import { heartbeatOf } from '../session/session-state.js';

export interface FlowControlSettings {
  /** A recipient further behind than this slows those who send to it. */
  readonly slowBytes: number;
  /** For how long in all it may, until it has caught up; then it is put out. */
  readonly stallMs: number;
}

/** How it comes that a sender was not heard: nothing was read from it, or what it sent meanwhile is being read. */
interface Held {
  state: 'paused' | 'catching-up';
  /** What it had sent when it was looked at last. */
  receivedBytes: number;
  /** Since it was let go. */
  catchingUpMs: number;
}

/**
 * R-FLOW-1: a sender that is faster than its recipients is not read from while one of them is far behind. Each recipient
 * may cost its senders `stallMs` in all before it has caught up; one that needs more is put out.
 */
export class FlowControl {
  readonly #settings: FlowControlSettings;
  readonly #session: (id: string) => Session | undefined;
  readonly #nowMs: () => number;
  #tickedAtMs: number;
  /** Slow recipients, with whom they hold up and for how long they have. */
  readonly #slow = new Map<Session, { readonly senders: Set<string>; heldUpMs: number }>();
  readonly #held = new Map<Session, Held>();

  constructor(settings: FlowControlSettings, session: (id: string) => Session | undefined, nowMs: () => number) {
    this.#settings = settings;
    this.#session = session;
    this.#nowMs = nowMs;
    this.#tickedAtMs = nowMs();
  }

  /** `sender` has just ordered something: if one that is far behind already is among the recipients, it waits for it too. */
  delivers(sender: string, isRecipient: (session: Session) => boolean): void {
    for (const [recipient, { senders }] of this.#slow) {
      if (senders.has(sender) || !isRecipient(recipient)) continue;
      senders.add(sender);
      this.#pause(this.#session(sender));
    }
  }

  /** `recipient` has just been given what `senders` caused. */
  delivered(recipient: Session, senders: () => Iterable<string>): void {
    if (recipient.outbox.backlogBytes > this.#settings.slowBytes) recipient.outbox.flush();
    if (recipient.outbox.backlogBytes <= this.#settings.slowBytes) return;
    const slow = this.#slow.get(recipient) ?? { senders: new Set(), heldUpMs: 0 };
    this.#slow.set(recipient, slow);
    for (const sender of senders()) {
      slow.senders.add(sender);
      this.#pause(this.#session(sender));
    }
  }

  /** Is this session's silence our doing? What it answered while it was not read from comes after all else that it sent. */
  excuses(session: Session): boolean {
    return this.#held.has(session);
  }

  /** It has been heard. */
  heard(session: Session): void {
    if (this.#held.get(session)?.state === 'catching-up') this.#held.delete(session);
  }

  /** Called every so often: lets go of senders whose recipients have caught up. */
  tick(putOut: (recipient: Session) => void): void {
    const nowMs = this.#nowMs();
    const elapsedMs = nowMs - this.#tickedAtMs;
    this.#tickedAtMs = nowMs;
    this.#chargeSlow(elapsedMs, putOut);
    const heldUp = new Set([...this.#slow.values()].flatMap(({ senders }) => [...senders]));
    // A copy: whoever is let go may be paused again at once, by what it had sent.
    for (const [session, held] of [...this.#held]) {
      if (session.state.phase === 'closing') this.#held.delete(session);
      else if (held.state === 'catching-up') this.#catchUp(session, held, elapsedMs);
      else if (!heldUp.has(session.id)) this.#letGo(session, held);
    }
  }

  #chargeSlow(elapsedMs: number, putOut: (recipient: Session) => void): void {
    for (const [recipient, slow] of [...this.#slow]) {
      if (recipient.state.phase === 'closing' || recipient.outbox.backlogBytes <= this.#settings.slowBytes / 2) {
        this.#slow.delete(recipient);
        continue;
      }
      slow.heldUpMs += elapsedMs;
      if (slow.heldUpMs < this.#settings.stallMs) continue;
      this.#slow.delete(recipient);
      putOut(recipient);
    }
  }

  #pause(session: Session | undefined): void {
    if (session === undefined || session.isPaused) return;
    this.#held.set(session, { state: 'paused', receivedBytes: session.receivedBytes, catchingUpMs: 0 });
    session.pause();
  }

  #letGo(session: Session, held: Held): void {
    held.state = 'catching-up';
    session.resume();
  }

  /** Until a moment brings nothing of it: then it has been read dry. */
  #catchUp(session: Session, held: Held, elapsedMs: number): void {
    held.catchingUpMs += elapsedMs;
    const isDry = session.receivedBytes === held.receivedBytes;
    heartbeatOf(session.state)?.excuse(this.#nowMs());
    if (isDry || held.catchingUpMs >= this.#settings.stallMs) this.#held.delete(session);
    held.receivedBytes = session.receivedBytes;
  }
}
