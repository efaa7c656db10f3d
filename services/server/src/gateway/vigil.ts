import type { SessionId } from '../core/index.js';
import type { Gateway } from './gateway.js';
import type { Session } from './session.js';
import { pulseOf, type SessionState } from './session-state.js';

/** R-JOIN-1: for this long a session may be silent before it counts as one that has yet to say hello. */
const HELLO_PATIENCE_MS = 250;

/** Watches over sessions in time: hellos that do not come, pings, silence, stalls; and how long leaders were last heard. */
export class Vigil {
  readonly #gateway: Gateway;
  /** In the order in which they were opened. */
  readonly #greeting = new Set<Session>();
  /** Sessions that we have ended, with the lived time at which their members were heard last. */
  readonly #lastHeard = new Map<SessionId, number>();

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  opened(session: Session): void {
    this.#greeting.add(session);
  }

  /** Keeps what the member's last pong says, for as long as it may matter. */
  ended(session: Session, before: SessionState): void {
    this.#greeting.delete(session);
    if (before.phase !== 'active') return;
    this.#lastHeard.set(session.id, this.#heardMs(before));
    this.#gateway.clock.after(2 * this.#gateway.config.RANKD_SUSPEND_MS, () => this.#lastHeard.delete(session.id));
  }

  /** By R-LEAD-3 a client has suspended itself this long after its last pong, or hello, came. */
  untilSuspendedMs(id: SessionId, suspendMs: number): number {
    const session = this.#gateway.session(id);
    const heardMs = session === undefined ? this.#lastHeard.get(id) : this.#heardMs(session.state);
    if (heardMs === undefined) return suspendMs;
    return Math.max(0, heardMs + suspendMs - this.#gateway.livedMs);
  }

  tick(sessions: Iterable<Session>): void {
    this.#endLongestSilent();
    for (const session of sessions) this.#check(session);
    const stallMs = this.#gateway.config.RANKD_STALL_MS;
    this.#gateway.flow.tick(slow => slow.end('SLOW_CONSUMER', `held up senders for ${stallMs} ms`));
  }

  #heardMs(state: SessionState): number {
    const nowMs = this.#gateway.livedMs;
    const pulse = pulseOf(state);
    if (pulse !== undefined) return nowMs - pulse.silentMs(nowMs);
    return state.phase === 'active' ? state.asked.helloAtMs : nowMs;
  }

  /** R-JOIN-1: of those that have been silent for a while, the longest-waiting go, until no more are left than may be. */
  #endLongestSilent(): void {
    const silent: Session[] = [];
    for (const session of this.#greeting) {
      const { state } = session;
      if (state.phase !== 'greeting' || state.asked !== undefined) this.#greeting.delete(session);
      else if (this.#gateway.livedMs - state.openedAtMs >= HELLO_PATIENCE_MS) silent.push(session);
      else break;
    }
    const tooMany = Math.max(0, silent.length - this.#gateway.config.RANKD_HELLO_PENDING_MAX);
    for (const session of silent.slice(0, tooMany)) session.end('HELLO_TIMEOUT', 'too many sessions without hello');
  }

  #check(session: Session): void {
    const { state } = session;
    const nowMs = this.#gateway.livedMs;
    const { config } = this.#gateway;
    if (session.outbox.isStalled(nowMs)) session.end('SLOW_CONSUMER', `nothing read for ${config.RANKD_STALL_MS} ms`);
    if (state.phase === 'greeting' && nowMs - state.openedAtMs >= config.RANKD_HELLO_TIMEOUT_MS) {
      session.end('HELLO_TIMEOUT', `${config.RANKD_HELLO_TIMEOUT_MS} ms`);
    }
    const pulse = pulseOf(session.state);
    if (pulse === undefined) return;
    if (this.#gateway.flow.excuses(session)) pulse.excuse(nowMs);
    const verdict = pulse.check(nowMs);
    if (verdict === 'dead') session.end('HEARTBEAT_TIMEOUT', `silent for ${config.RANKD_DEAD_MS} ms`);
    else if (verdict === 'ping') session.say({ type: 'ping', ...pulse.ping(nowMs) });
  }
}
