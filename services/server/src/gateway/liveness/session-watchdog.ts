import type { SessionId } from '../../core/index.js';
import type { Gateway } from '../gateway.js';
import type { Session } from '../session/session.js';
import type { Heartbeat } from './keepalive.js';
import { heartbeatOf, type SessionState } from '../session/session-state.js';
import { TimerWheel } from './timer-wheel.js';

/** R-JOIN-1: for this long a session may be silent before it counts as one that has yet to say hello. */
const HELLO_PATIENCE_MS = 250;
/** A rush: the server is idle for less of its time than this, or so many connect within a tick; and a while after. */
const IDLE_SHARE_MIN = 0.5;
const RUSH_SESSIONS_MIN = 50;
const RUSH_MS = 500;
/** How many times as many may be without hello in a rush: ten thousand that come at once all get in. */
const PENDING_IN_RUSH = 16;

/**
 * Watches over sessions in time: hellos that do not come, pings, silence, stalls; and how long leaders were last heard. Looks
 * only at those with whom something is due: who is idle costs nothing.
 */
export class SessionWatchdog {
  readonly #gateway: Gateway;
  /** In the order in which they were opened. */
  readonly #greeting = new Set<Session>();
  /** Sessions that are pinged, by when something is due. */
  readonly #beating: TimerWheel<Session>;
  /** Sessions that have not taken all that was written. */
  readonly #behind = new Set<Session>();
  /** Sessions that we have ended, with the lived time at which their members were heard last. */
  readonly #lastHeard = new Map<SessionId, number>();
  #tickedAtMs = 0;
  #idleMs = 0;
  #openedInTick = 0;
  #rushUntilMs = 0;

  constructor(gateway: Gateway, tickMs: number) {
    this.#gateway = gateway;
    this.#beating = new TimerWheel(tickMs, gateway.livedMs);
  }

  opened(session: Session): void {
    this.#greeting.add(session);
    this.#openedInTick += 1;
  }

  /** Its pings and silences count from here on, or anew. */
  beats(session: Session, pulse: Heartbeat): void {
    this.#beating.set(session, pulse.dueMs(this.#gateway.livedMs));
  }

  written(session: Session): void {
    if (session.outbox.backlogBytes > 0) this.#behind.add(session);
  }

  /** Keeps what the member's last pong says, for as long as it may matter. */
  ended(session: Session, before: SessionState): void {
    this.#greeting.delete(session);
    this.#beating.delete(session);
    this.#behind.delete(session);
    if (before.phase !== 'active') return;
    // The name alone: with the session itself all that it held would stay for as long.
    const { id } = session;
    this.#lastHeard.set(id, this.#heardMs(before));
    this.#gateway.alarms.after(2 * this.#gateway.config.RANKD_SUSPEND_MS, () => this.#lastHeard.delete(id));
  }

  /** By R-LEAD-3 a client has suspended itself this long after its last pong, or hello, came. */
  untilSuspendedMs(id: SessionId, suspendMs: number): number {
    const session = this.#gateway.session(id);
    const heardMs = session === undefined ? this.#lastHeard.get(id) : this.#heardMs(session.state);
    if (heardMs === undefined) return suspendMs;
    return Math.max(0, heardMs + suspendMs - this.#gateway.livedMs);
  }

  tick(): void {
    const nowMs = this.#gateway.livedMs;
    this.#endSilent(nowMs);
    for (const session of this.#beating.takeDue(nowMs)) this.#beat(session, nowMs);
    for (const session of this.#behind) this.#checkStall(session, nowMs);
    const stallMs = this.#gateway.config.RANKD_STALL_MS;
    this.#gateway.flow.tick(slow => slow.end('SLOW_CONSUMER', `held up senders for ${stallMs} ms`));
  }

  #heardMs(state: SessionState): number {
    const nowMs = this.#gateway.livedMs;
    const pulse = heartbeatOf(state);
    if (pulse !== undefined) return nowMs - pulse.silentMs(nowMs);
    return state.phase === 'active' ? state.asked.helloAtMs : nowMs;
  }

  /**
   * R-JOIN-1: no hello in time. And of those that have been silent for a while, the longest-waiting go, until no more are
   * left than may be.
   */
  #endSilent(nowMs: number): void {
    const { RANKD_HELLO_TIMEOUT_MS: timeoutMs, RANKD_HELLO_PENDING_MAX: pendingMax } = this.#gateway.config;
    const silent: Session[] = [];
    for (const session of this.#greeting) {
      const { state } = session;
      if (state.phase !== 'greeting' || state.asked !== undefined) this.#greeting.delete(session);
      else if (nowMs - state.openedAtMs >= timeoutMs) session.end('HELLO_TIMEOUT', `${timeoutMs} ms`);
      else if (nowMs - state.openedAtMs >= HELLO_PATIENCE_MS) silent.push(session);
      else break;
    }
    const tooMany = Math.max(0, silent.length - (this.#isRush() ? PENDING_IN_RUSH * pendingMax : pendingMax));
    for (const session of silent.slice(0, tooMany)) session.end('HELLO_TIMEOUT', 'too many sessions without hello');
  }

  /** Who comes with thousands waits for its own turn to speak, and a busy server has yet to get round to some that did. */
  #isRush(): boolean {
    const { clock } = this.#gateway;
    const elapsedMs = clock.monotonicMs() - this.#tickedAtMs;
    const idleMs = clock.idleMs() - this.#idleMs;
    this.#tickedAtMs += elapsedMs;
    this.#idleMs += idleMs;
    const isRushed = idleMs < IDLE_SHARE_MIN * elapsedMs || this.#openedInTick >= RUSH_SESSIONS_MIN;
    this.#openedInTick = 0;
    if (isRushed) this.#rushUntilMs = clock.monotonicMs() + RUSH_MS;
    return clock.monotonicMs() < this.#rushUntilMs;
  }

  #checkStall(session: Session, nowMs: number): void {
    const { RANKD_STALL_MS: stallMs } = this.#gateway.config;
    if (session.outbox.isStalled(nowMs)) session.end('SLOW_CONSUMER', `nothing read for ${stallMs} ms`);
    else if (session.outbox.backlogBytes === 0) this.#behind.delete(session);
  }

  #beat(session: Session, nowMs: number): void {
    const pulse = heartbeatOf(session.state);
    // The log has yet to decide on its hello.
    if (pulse === undefined) {
      this.#beating.set(session, nowMs + this.#gateway.config.RANKD_HEARTBEAT_MS);
      return;
    }
    if (this.#gateway.flow.excuses(session)) pulse.excuse(nowMs);
    const verdict = pulse.check(nowMs);
    if (verdict === 'dead') {
      session.end('HEARTBEAT_TIMEOUT', `silent for ${this.#gateway.config.RANKD_DEAD_MS} ms`);
      return;
    }
    if (verdict === 'ping') session.say({ type: 'ping', ...pulse.ping(nowMs) });
    if (session.state.phase !== 'closing') this.#beating.set(session, pulse.dueMs(nowMs));
  }
}
