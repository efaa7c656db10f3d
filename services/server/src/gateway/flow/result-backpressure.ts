/** R-FLOW-1: slows members down whose results go to a sender of commands that reads slowly. That sender is called the asker here. */

import { limits } from '@rankd/protocol';
import type { Effect, RecipientEndedEffect, ResultEntry, SessionId } from '../../core/index.js';
import type { Origin } from '../../log/ordered-log.js';
import type { SessionHeartbeats } from '../liveness/session-heartbeats.js';
import type { OpenSessions } from '../session/open-sessions.js';
import type { Session } from '../session/session.js';
import type { FlowControlSettings } from './flow-control.js';
import type { PausedSenders } from './paused-senders.js';
import { ResultQueue } from './result-queue.js';
import { ResultWindow } from './result-window.js';
import type { SenderPauses } from './sender-pauses.js';

/**
 * The share of RANKD_BACKLOG_BYTES_MAX that results may fill. It is half of the share from which a recipient of commands counts as slow.
 * So the results of subordinates alone never make a member slow for its superiors.
 */
const RESULTS_SHARE = 1 / 8;
/**
 * The part of RESULTS_SHARE that the results of one server may fill while they are in the log for an asker at another server. The server of
 * the asker may be behind.
 */
const REMOTE_SHARE = 1 / 4;

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

/** The limits of slow askers and of the results that wait for them. */
export interface ResultSettings extends FlowControlSettings {
  /** The waiting results of one session have at most this many bytes. */
  readonly frameBytesMax: number;
}

/** The parts of the gateway that ResultBackpressure uses. */
export interface ResultBackpressurePorts {
  readonly sessions: Pick<OpenSessions, 'get' | 'isOwn'>;
  readonly pausedSenders: Pick<PausedSenders, 'pause'>;
  readonly heartbeats: Pick<SessionHeartbeats, 'isPinged' | 'sendPing'>;
  readonly senderPauses: Pick<SenderPauses, 'isSlowAsker' | 'announceAskers'>;
  /** Reads from a session again, unless another part still pauses it. */
  readonly resume: (session: Session) => void;
}

/**
 * Passes results to their askers at the pace at which the askers read (R-FLOW-1). An asker is the session that asked for each result. While
 * it has not read enough of the earlier results, a result waits in the session of the member that answered, and the server does not read
 * from that session. One asker pauses a session for at most `stallMs` in total. The count restarts when no result waits for that asker.
 * After that, the server reads on, and results of the session wait while they are not longer than one frame in total. The server of an
 * asker announces that the asker is slow, so that results wait at other servers too.
 */
export class ResultBackpressure {
  readonly #settings: ResultSettings;
  readonly #ports: ResultBackpressurePorts;
  readonly #resultBytesMax: number;
  /** The results that wait, by asker. */
  readonly #queues = new Map<SessionId, ResultQueue>();
  /** The results that askers have not confirmed. */
  readonly #windows = new Map<Session, ResultWindow>();
  /** The sessions of this server that read their results slowly, as announced to the other servers. */
  readonly #slowAskers = new Map<SessionId, Session>();
  /** The bytes of results that are appended and not applied, by asker. */
  readonly #inFlightBytes = new Map<SessionId, number>();
  /** The results that are appended and not applied, by session and seq. */
  readonly #inFlight = new Map<string, PendingResult[]>();

  constructor(settings: ResultSettings, ports: ResultBackpressurePorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#resultBytesMax = settings.backlogBytesMax * RESULTS_SHARE;
  }

  /** Decides about a result. If it has to wait, the session of the member that answered is paused. */
  admitResult(result: PendingResult): ResultVerdict {
    const { session } = result;
    const { sessions } = this.#ports;
    const asker = sessions.get(result.asker);
    if (asker === undefined && sessions.isOwn(result.asker)) return 'pass';
    const queue = this.#queues.get(result.asker);
    const isFirst = queue === undefined || queue.isTurnOf(session);
    if (isFirst && this.#hasRoom(asker, result)) {
      if (asker !== undefined) this.#windows.get(asker)?.recordSent(result.payloadBytes);
      return 'pass';
    }
    const verdict = (queue ?? this.#createQueue(result.asker)).add(result);
    if (verdict === 'pause') this.#ports.pausedSenders.pause(session);
    return verdict === 'drop' ? 'drop' : 'wait';
  }

  #createQueue(asker: SessionId): ResultQueue {
    const queue = new ResultQueue(this.#settings);
    this.#queues.set(asker, queue);
    return queue;
  }

  /** Records that a result was appended to the log. Until it is applied, its bytes count as backlog of its asker. */
  recordAppend(result: PendingResult, seq: number): void {
    const key = keyOf(result.session.id, seq);
    this.#inFlight.set(key, [...(this.#inFlight.get(key) ?? []), result]);
    this.#addInFlight(result.asker, result.payloadBytes);
  }

  /** Records that the log has applied a result, and that its effects are performed. */
  recordApplied({ session, seq }: ResultEntry, effects: readonly Effect[], origin: Origin): void {
    if (origin === 'here') this.#recordOwnApplied(session, seq);
    else for (const effect of effects) if (effect.kind === 'recipient-ended') this.#recordRemoteResult(effect);
  }

  #recordOwnApplied(session: SessionId, seq: number): void {
    if (this.#inFlight.size === 0) return;
    const key = keyOf(session, seq);
    const results = this.#inFlight.get(key);
    const result = results?.shift();
    if (result === undefined) return;
    if (results?.length === 0) this.#inFlight.delete(key);
    this.#addInFlight(result.asker, -result.payloadBytes);
    const queue = this.#ports.sessions.isOwn(result.asker) ? undefined : this.#queues.get(result.asker);
    if (queue !== undefined) this.#handleWhileRoom(undefined, queue);
  }

  /** Records that a result of a member at another server goes to a session of this server. Announces that session if it reads slowly. */
  #recordRemoteResult({ to, payload }: RecipientEndedEffect): void {
    const asker = to === undefined ? undefined : this.#ports.sessions.get(to);
    if (asker === undefined) return;
    this.#isConfirmed(asker, 0);
    this.#windows.get(asker)?.recordSent(payload?.length ?? 0);
    this.#announceIfSlow(asker);
  }

  /** Handles the results again that wait for askers at other servers and may be sent now. */
  handleRemoteResults(): void {
    for (const [asker, queue] of [...this.#queues]) {
      if (!this.#ports.sessions.isOwn(asker)) this.#handleWhileRoom(undefined, queue);
    }
  }

  #announceIfSlow(asker: Session): void {
    const wasSlow = this.#slowAskers.has(asker.id);
    const bytesMax = wasSlow ? this.#resultBytesMax / 2 : this.#resultBytesMax;
    const isOpen = asker.state.phase !== 'closing';
    if (isOpen && asker.outbox.backlogBytes > bytesMax) asker.outbox.flush();
    const isSlow = isOpen && (!this.#isConfirmed(asker, 0) || asker.outbox.backlogBytes > bytesMax);
    if (isSlow === wasSlow) return;
    if (isSlow) this.#slowAskers.set(asker.id, asker);
    else this.#slowAskers.delete(asker.id);
    this.#ports.senderPauses.announceAskers(new Set(this.#slowAskers.keys()));
  }

  #addInFlight(asker: SessionId, bytes: number): void {
    const sum = (this.#inFlightBytes.get(asker) ?? 0) + bytes;
    if (sum > 0) this.#inFlightBytes.set(asker, sum);
    else this.#inFlightBytes.delete(asker);
  }

  /** Whether nothing is read from the session because its result waits. */
  isPausing(session: Session): boolean {
    for (const queue of this.#queues.values()) if (queue.isPausing(session)) return true;
    return false;
  }

  /** Forgets an ended session. The results that wait for it are handled again at the next tick. */
  removeSession(session: Session): void {
    this.#windows.delete(session);
    for (const queue of this.#queues.values()) queue.removeSession(session);
  }

  /** Records a pong of a session. It shows that the session has read the results that were sent before the ping. */
  recordPong(session: Session, n: number): void {
    if (this.#windows.get(session)?.recordPong(n) !== true) return;
    const queue = this.#queues.get(session.id);
    if (queue !== undefined) this.#handleWhileRoom(session, queue);
    if (this.#slowAskers.has(session.id)) this.#announceIfSlow(session);
  }

  /** Must be called every tick, before PausedSenders reads again from the sessions that do not wait any longer. */
  tick(elapsedMs: number): void {
    for (const asker of [...this.#slowAskers.values()]) this.#announceIfSlow(asker);
    for (const [id, queue] of [...this.#queues]) {
      const asker = this.#ports.sessions.get(id);
      const isOver = asker === undefined && this.#ports.sessions.isOwn(id);
      for (const result of queue.results) if (isOver || !result.isAwaited()) queue.handleAgain(result);
      queue.countPause(elapsedMs);
      const backlogBytes = asker?.outbox.backlogBytes ?? 0;
      if (!isOver && backlogBytes <= this.#resultBytesMax / 2) this.#handleWhileRoom(asker, queue);
      if (isOver || queue.isEmpty) this.#queues.delete(id);
    }
  }

  /** `asker` is undefined if it has its session at another server. */
  #handleWhileRoom(asker: Session | undefined, queue: ResultQueue): void {
    for (const result of queue.results) {
      if (!this.#hasRoom(asker, result)) return;
      queue.handleAgain(result);
      if (asker === undefined) this.#ports.resume(result.session);
    }
  }

  /** Whether the asker has read enough of the earlier results to receive this one. May flush. */
  #hasRoom(asker: Session | undefined, result: PendingResult): boolean {
    if (asker === undefined) return this.#hasRemoteRoom(result);
    return this.#isConfirmed(asker, result.payloadBytes) && this.#isUnderLimit(asker, result);
  }

  /**
   * Whether the server of the asker has not announced the asker as slow, and only few results for it are in the log. Results in the log may
   * arrive before such an announcement.
   */
  #hasRemoteRoom({ asker, payloadBytes }: PendingResult): boolean {
    if (this.#ports.senderPauses.isSlowAsker(asker)) return false;
    const inFlightBytes = this.#inFlightBytes.get(asker) ?? 0;
    return inFlightBytes === 0 || inFlightBytes + payloadBytes <= this.#resultBytesMax * REMOTE_SHARE;
  }

  /** Whether the asker has confirmed enough of the earlier results. Sends a ping whose pong confirms more. */
  #isConfirmed(asker: Session, payloadBytes: number): boolean {
    const { heartbeats } = this.#ports;
    if (!heartbeats.isPinged(asker)) {
      // A session without pings confirms nothing. Only its backlog counts.
      this.#windows.delete(asker);
      return true;
    }
    const window = this.#windows.get(asker) ?? new ResultWindow(this.#resultBytesMax);
    this.#windows.set(asker, window);
    const probe = window.needsProbe ? heartbeats.sendPing(asker) : undefined;
    if (probe !== undefined) window.recordProbe(probe);
    return window.hasRoom(payloadBytes);
  }

  /**
   * Whether the backlog of the asker is in the share of results, and the frame fits under the limit. A frame that is longer than the limit
   * fits if nothing else waits.
   */
  #isUnderLimit(asker: Session, { payloadBytes }: PendingResult): boolean {
    const { outbox } = asker;
    const frameBytes = payloadBytes + limits.frameOverheadBytes;
    const fits = (): boolean => {
      const backlogBytes = outbox.backlogBytes + (this.#inFlightBytes.get(asker.id) ?? 0);
      if (backlogBytes === 0) return true;
      return backlogBytes <= this.#resultBytesMax && backlogBytes + frameBytes <= this.#settings.backlogBytesMax;
    };
    if (fits()) return true;
    outbox.flush();
    return fits();
  }
}

function keyOf(session: SessionId, seq: number): string {
  return `${session}#${seq}`;
}
