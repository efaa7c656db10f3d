/** R-FLOW-1: slows the senders of commands and results that this server of a cluster cannot apply as fast as they are written. */

import { type Effect, type Entry, isFromClient, type SessionId, sessionOfEntry } from '../../core/index.js';
import type { FlowExchange } from '../../log/ordered-log.js';
import { entryBytes } from './entry-bytes.js';
import type { SenderPauses } from './sender-pauses.js';

/**
 * While this server is behind, it pauses each session of which it has applied this many bytes. The bytes of a command count once for each
 * recipient.
 */
export const HEAVY_BYTES = 1_048_576;
/** While this server is not behind, it counts the bytes of each session over this time, ms. */
const WINDOW_MS = 1000;

/** The parts of the gateway that LagControl uses. */
export interface LagControlPorts {
  /** Absent if this server has no cluster. */
  readonly exchange: Pick<FlowExchange, 'isBehind'> | undefined;
  readonly senderPauses: Pick<SenderPauses, 'pause'>;
}

/**
 * While this server is behind the log, pauses the sessions that send most, at all servers. A server that stays behind would not read its
 * own heartbeats in time, and its incarnation would end.
 */
export class LagControl {
  readonly #ports: LagControlPorts;
  readonly #bytes = new Map<SessionId, number>();
  readonly #heavy = new Set<SessionId>();
  #state: 'current' | 'behind' = 'current';
  #windowMs = 0;

  constructor(ports: LagControlPorts) {
    this.#ports = ports;
  }

  /** The sessions that wait until this server has caught up. */
  get heavySenders(): Iterable<SessionId> {
    return this.#heavy;
  }

  /** Records an applied entry of any server. */
  recordApplied(entry: Entry, effects: readonly Effect[]): void {
    if (this.#ports.exchange === undefined || !isFromClient(entry)) return;
    const session = sessionOfEntry(entry);
    if (session === undefined) return;
    const bytes = (this.#bytes.get(session) ?? 0) + entryBytes(entry) * (1 + recipientsIn(effects));
    this.#bytes.set(session, bytes);
    if (this.#state === 'behind') this.#pauseIfHeavy(session, bytes);
  }

  /** Must be called every tick, before the paused senders are resumed. */
  tick(elapsedMs: number): void {
    if (this.#ports.exchange?.isBehind === true) {
      if (this.#state === 'current') for (const [session, bytes] of this.#bytes) this.#pauseIfHeavy(session, bytes);
      this.#state = 'behind';
      return;
    }
    this.#windowMs += elapsedMs;
    if (this.#state === 'current' && this.#windowMs < WINDOW_MS) return;
    this.#state = 'current';
    this.#windowMs = 0;
    this.#bytes.clear();
    this.#heavy.clear();
  }

  #pauseIfHeavy(session: SessionId, bytes: number): void {
    if (bytes < HEAVY_BYTES || this.#heavy.has(session)) return;
    this.#heavy.add(session);
    this.#ports.senderPauses.pause(session);
  }
}

function recipientsIn(effects: readonly Effect[]): number {
  let count = 0;
  for (const effect of effects) {
    if (effect.kind === 'deliver') for (const { from, to } of effect.ranges) count += to - from;
  }
  return count;
}
