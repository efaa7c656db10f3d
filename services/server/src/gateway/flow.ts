import type { Session } from './session.js';

export interface FlowSettings {
  /** A recipient further behind than this slows those who send to it. */
  readonly slowBytes: number;
  /** For how long in all it may, until it has caught up; then it is put out. */
  readonly stallMs: number;
}

/**
 * R-FLOW-1: a sender that is faster than its recipients is not read from while one of them is far behind. Each recipient
 * may cost its senders `stallMs` in all before it has caught up; one that needs more is put out.
 */
export class Flow {
  readonly #settings: FlowSettings;
  readonly #session: (id: string) => Session | undefined;
  readonly #nowMs: () => number;
  #tickedAtMs: number;
  /** Slow recipients, with whom they hold up and for how long they have. */
  readonly #slow = new Map<Session, { readonly senders: Set<string>; heldUpMs: number }>();
  readonly #paused = new Set<string>();

  constructor(settings: FlowSettings, session: (id: string) => Session | undefined, nowMs: () => number) {
    this.#settings = settings;
    this.#session = session;
    this.#nowMs = nowMs;
    this.#tickedAtMs = nowMs();
  }

  /** `sender` has just caused a frame to `recipient`. */
  delivered(sender: string, recipient: Session): void {
    if (recipient.outbox.backlogBytes > this.#settings.slowBytes) recipient.outbox.flush();
    if (recipient.outbox.backlogBytes <= this.#settings.slowBytes) return;
    const slow = this.#slow.get(recipient) ?? { senders: new Set(), heldUpMs: 0 };
    this.#slow.set(recipient, slow);
    slow.senders.add(sender);
    this.#pause(sender);
  }

  /** Is this session's silence our doing? */
  isPaused(session: Session): boolean {
    return this.#paused.has(session.id);
  }

  /** Called every so often: lets go of senders whose recipients have caught up. */
  tick(putOut: (recipient: Session) => void): void {
    const nowMs = this.#nowMs();
    const elapsedMs = nowMs - this.#tickedAtMs;
    this.#tickedAtMs = nowMs;
    for (const [recipient, slow] of this.#slow) {
      if (recipient.state.phase === 'closing' || recipient.outbox.backlogBytes <= this.#settings.slowBytes / 2) {
        this.#slow.delete(recipient);
        continue;
      }
      slow.heldUpMs += elapsedMs;
      if (slow.heldUpMs < this.#settings.stallMs) continue;
      this.#slow.delete(recipient);
      putOut(recipient);
    }
    const heldUp = new Set([...this.#slow.values()].flatMap(({ senders }) => [...senders]));
    for (const sender of this.#paused) if (!heldUp.has(sender)) this.#resume(sender);
  }

  #pause(sender: string): void {
    if (this.#paused.has(sender)) return;
    this.#paused.add(sender);
    this.#session(sender)?.connection.pause();
  }

  #resume(sender: string): void {
    this.#paused.delete(sender);
    this.#session(sender)?.connection.resume();
  }
}
