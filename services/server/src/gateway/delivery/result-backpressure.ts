/** R-FLOW-1: slows members down whose results go to a sender of commands that reads slowly. */

import { assertNever, limits } from '@rankd/protocol';
import type { SessionId } from '../../core/index.js';
import type { OpenSessions } from '../session/open-sessions.js';
import type { Session } from '../session/session.js';
import type { FlowControlSettings } from './flow-control.js';
import type { PausedSenders } from './paused-senders.js';

/**
 * The share of RANKD_BACKLOG_BYTES_MAX that results may fill. It is half of the share from which a recipient of commands counts as slow.
 * So the results of subordinates alone never make a member slow for its superiors.
 */
const RESULTS_SHARE = 1 / 8;

/** A result that was read and is not in the log yet. */
export interface PendingResult {
  readonly session: Session;
  /** The session that asked for the result. */
  readonly asker: SessionId;
  /** The bytes of `value` and `error`. */
  readonly payloadBytes: number;
  /** Whether the result still goes to the asker. False after the deadline of the command. */
  readonly isAwaited: () => boolean;
  /** Handles the result again. */
  readonly handleAgain: () => void;
}

/** `pass`: append the result now. `wait`: it is handled again later. `drop`: it is not appended, and ends as expired. */
export type ResultVerdict = 'pass' | 'wait' | 'drop';

/** A result that waits. `paused`: nothing is read from its session. `read-on`: the session has been paused for the longest time. */
interface WaitingResult {
  readonly result: PendingResult;
  reading: 'paused' | 'read-on';
}

/** The results that wait for an asker, in the order of their arrival. There is one for each session at most. */
interface SlowAsker {
  readonly waiting: Map<Session, WaitingResult>;
  /** For how long each session has been paused on account of this asker. */
  readonly pausedMs: Map<Session, number>;
  /** The session whose result is handled again now. */
  turn: Session | undefined;
}

/** The parts of the gateway that ResultBackpressure uses. */
export interface ResultBackpressurePorts {
  readonly sessions: Pick<OpenSessions, 'get'>;
  readonly pausedSenders: Pick<PausedSenders, 'pause' | 'resume'>;
}

/**
 * Passes results to their askers at the pace at which the askers read (R-FLOW-1). While the backlog of an asker is over its share,
 * a result waits in the session of the member that answered, and the server does not read from that session. On account of one asker a
 * session is paused for at most `stallMs` in total, until no result waits for that asker any longer. After that, the server reads on, one
 * result of the session keeps waiting, and the others pass while the backlog of the asker is under its limit.
 */
export class ResultBackpressure {
  readonly #settings: FlowControlSettings;
  readonly #ports: ResultBackpressurePorts;
  readonly #resultBytesMax: number;
  readonly #slow = new Map<Session, SlowAsker>();
  /** The bytes of results that are appended and not applied, by asker. */
  readonly #inFlightBytes = new Map<SessionId, number>();
  /** The results that are appended and not applied, by session and seq. */
  readonly #inFlight = new Map<string, PendingResult[]>();

  constructor(settings: FlowControlSettings, ports: ResultBackpressurePorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#resultBytesMax = settings.backlogBytesMax * RESULTS_SHARE;
  }

  /** Decides about a result. If it has to wait, the session of the member that answered is paused. */
  admitResult(result: PendingResult): ResultVerdict {
    const { session } = result;
    const asker = this.#ports.sessions.get(result.asker);
    if (asker === undefined) return 'pass';
    const slow = this.#slow.get(asker);
    const isFirst = slow === undefined || slow.turn === session;
    if (isFirst && this.#hasRoom(asker, result, this.#resultBytesMax)) return 'pass';
    return this.#delayResult(result, asker, slow ?? this.#addSlowAsker(asker));
  }

  #delayResult(result: PendingResult, asker: Session, slow: SlowAsker): ResultVerdict {
    const { session } = result;
    if ((slow.pausedMs.get(session) ?? 0) < this.#settings.stallMs) {
      slow.waiting.set(session, { result, reading: 'paused' });
      this.#ports.pausedSenders.pause(session);
      return 'wait';
    }
    if (this.#hasRoom(asker, result, this.#settings.backlogBytesMax)) return 'pass';
    if (slow.waiting.has(session)) return 'drop';
    slow.waiting.set(session, { result, reading: 'read-on' });
    return 'wait';
  }

  #addSlowAsker(asker: Session): SlowAsker {
    const slow: SlowAsker = { waiting: new Map(), pausedMs: new Map(), turn: undefined };
    this.#slow.set(asker, slow);
    return slow;
  }

  /** Records that a result was appended to the log. Until it is applied, its bytes count as backlog of its asker. */
  recordAppend(result: PendingResult, seq: number): void {
    const key = keyOf(result.session.id, seq);
    this.#inFlight.set(key, [...(this.#inFlight.get(key) ?? []), result]);
    this.#addInFlight(result.asker, result.payloadBytes);
  }

  /** Records that the log has applied a result of a session of this server. */
  recordApplied(session: SessionId, seq: number): void {
    if (this.#inFlight.size === 0) return;
    const key = keyOf(session, seq);
    const results = this.#inFlight.get(key);
    const result = results?.shift();
    if (result === undefined) return;
    if (results?.length === 0) this.#inFlight.delete(key);
    this.#addInFlight(result.asker, -result.payloadBytes);
  }

  #addInFlight(asker: SessionId, bytes: number): void {
    const sum = (this.#inFlightBytes.get(asker) ?? 0) + bytes;
    if (sum > 0) this.#inFlightBytes.set(asker, sum);
    else this.#inFlightBytes.delete(asker);
  }

  /** Whether nothing is read from the session because its result waits. */
  isPausing(session: Session): boolean {
    for (const { waiting } of this.#slow.values()) if (waiting.get(session)?.reading === 'paused') return true;
    return false;
  }

  /** Forgets an ended session that has answered. The results for an ended asker are handled again at the next tick. */
  removeSession(session: Session): void {
    for (const { waiting, pausedMs } of this.#slow.values()) {
      waiting.delete(session);
      pausedMs.delete(session);
    }
  }

  /** Must be called every tick. Handles the results again for which there is room. `mayRead` is false for sessions that wait for others. */
  tick(elapsedMs: number, mayRead: (session: Session) => boolean): void {
    for (const [asker, slow] of [...this.#slow]) {
      const isOver = asker.state.phase === 'closing';
      for (const [session, waiting] of [...slow.waiting]) {
        if (isOver || !waiting.result.isAwaited()) this.#handleAgain(slow, session, waiting, mayRead);
        else this.#limitPause(slow, session, waiting, elapsedMs, mayRead);
      }
      if (asker.outbox.backlogBytes <= this.#resultBytesMax / 2) this.#handleWhileRoom(asker, slow, mayRead);
      if (isOver || slow.waiting.size === 0) this.#slow.delete(asker);
    }
  }

  /** Reads the session again when it has been paused for the longest time. Its result keeps waiting. */
  #limitPause(
    slow: SlowAsker,
    session: Session,
    waiting: WaitingResult,
    elapsedMs: number,
    mayRead: (session: Session) => boolean,
  ): void {
    switch (waiting.reading) {
      case 'read-on':
        return;
      case 'paused': {
        const pausedMs = (slow.pausedMs.get(session) ?? 0) + elapsedMs;
        slow.pausedMs.set(session, pausedMs);
        if (pausedMs < this.#settings.stallMs) return;
        waiting.reading = 'read-on';
        if (mayRead(session)) this.#ports.pausedSenders.resume(session);
        return;
      }
      default:
        assertNever(waiting.reading);
    }
  }

  #handleWhileRoom(asker: Session, slow: SlowAsker, mayRead: (session: Session) => boolean): void {
    for (const [session, waiting] of [...slow.waiting]) {
      if (!this.#hasRoom(asker, waiting.result, this.#resultBytesMax)) return;
      this.#handleAgain(slow, session, waiting, mayRead);
    }
  }

  #handleAgain(
    slow: SlowAsker,
    session: Session,
    { result, reading }: WaitingResult,
    mayRead: (session: Session) => boolean,
  ): void {
    slow.waiting.delete(session);
    slow.turn = session;
    result.handleAgain();
    slow.turn = undefined;
    if (reading === 'paused' && !slow.waiting.has(session) && mayRead(session))
      this.#ports.pausedSenders.resume(session);
  }

  /**
   * Whether the backlog of the asker is at most `bytesMax`, and the frame fits under the limit. A frame that is longer than the limit fits if
   * nothing else waits. May flush.
   */
  #hasRoom(asker: Session, { payloadBytes }: PendingResult, bytesMax: number): boolean {
    const { outbox } = asker;
    const frameBytes = payloadBytes + limits.frameOverheadBytes;
    const fits = (): boolean => {
      const backlogBytes = outbox.backlogBytes + (this.#inFlightBytes.get(asker.id) ?? 0);
      if (backlogBytes === 0) return true;
      return backlogBytes <= bytesMax && backlogBytes + frameBytes <= this.#settings.backlogBytesMax;
    };
    if (fits()) return true;
    outbox.flush();
    return fits();
  }
}

function keyOf(session: SessionId, seq: number): string {
  return `${session}#${seq}`;
}
