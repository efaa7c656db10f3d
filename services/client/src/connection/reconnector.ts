/** Keeps a membership connected to one of its servers. */

import { onAbort } from '@rankd/protocol';
import type { ClientEnvironment } from '../client-environment.js';
import { sleep } from '../clock.js';
import type { MembershipEvents } from '../events.js';
import { RankdError } from '../rankd-error.js';
import type { Ending } from '../session/member-state.js';
import { AttemptSummary } from './attempt-summary.js';
import { backoffMs } from './backoff.js';
import { Connection } from './connection.js';
import type { DialTarget } from './dial.js';
import { formatAddress, type ServerAddress } from './server-address.js';

/** The delay between two attempts before the first seat, ms: random between 0 and a limit that doubles from baseMs to capMs. */
const BACKOFF = { baseMs: 100, capMs: 5000 };
/**
 * The delay between two attempts after the first seat, ms. It is shorter because the server keeps the seat of a lost session only
 * for a short time.
 */
const BACKOFF_SEATED = { baseMs: 100, capMs: 1000 };
/** How long `stop` waits for the server's bye, ms. */
const LEAVE_ANSWER_MS = 1000;
/** A value for TypeScript only: the list of addresses is never empty. */
const NO_ADDRESS: ServerAddress = { host: '', port: 0, transport: 'tcp' };
/** The longest delay that a timer accepts, ms. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The addresses of the servers, and how to connect to one. */
export interface DialTargets extends DialTarget {
  readonly addresses: readonly ServerAddress[];
}

/** The functions and values that the reconnector gets from its membership. */
export interface ReconnectorPorts {
  readonly emitConnecting: (event: MembershipEvents['connecting'][0]) => void;
  readonly emitDisconnected: (event: MembershipEvents['disconnected'][0]) => void;
  /**
   * Sends the hello on a new connection. Resolves when that session has ended, with the reason.
   * @param onSeated called when the server has admitted the member on this session
   */
  readonly openSession: (connection: Connection, onSeated: () => void) => Promise<RankdError>;
  /** Closes the membership. `error` is why the reconnector makes no further attempt. */
  readonly close: (error: RankdError) => void;
}

interface OpenSession {
  readonly connection: Connection;
  /** Resolves when the session has ended, with the reason. */
  readonly ended: Promise<RankdError>;
}

/** Keeps a membership connected: opens a session, waits for its end, and tries again after a delay with full jitter. */
export class Reconnector {
  readonly #ports: ReconnectorPorts;
  readonly #targets: DialTargets;
  readonly #environment: ClientEnvironment;
  readonly #stopping = new AbortController();
  #session: OpenSession | undefined;
  /** Resolves when another session has replaced the current one, or when the replacement was abandoned. */
  #replacement: Promise<void> | undefined;
  #attempt = 0;
  #backoff = BACKOFF;
  /** When the time for the first seat ends, by the monotonic clock. Infinite after the first seat. */
  #giveUpAtMs = 0;
  #startedAtMs = 0;
  #address = '';
  readonly #failures = new AttemptSummary();
  #loop: Promise<void> = Promise.resolve();

  constructor(ports: ReconnectorPorts, targets: DialTargets, environment: ClientEnvironment) {
    this.#ports = ports;
    this.#targets = targets;
    this.#environment = environment;
  }

  /**
   * Starts to connect.
   * @param withinMs how long to try for the first seat, ms; Infinity for no limit
   * @returns a function that stops the timer for the first seat
   */
  start(withinMs: number): () => void {
    const { clock } = this.#environment;
    this.#startedAtMs = clock.nowMs();
    this.#giveUpAtMs = this.#startedAtMs + withinMs;
    const noSeat = new RankdError('CONNECT_FAILED', `not admitted within ${withinMs} ms`);
    // End the session too: the server may not answer on it, or may keep the client on the waitlist.
    const endSession = (): void => this.#session?.connection.end(noSeat);
    const timer = withinMs > TIMER_MS_MAX ? undefined : clock.after(withinMs + 1, endSession);
    this.#loop = this.#runSessions();
    return () => timer?.cancel();
  }

  /** Records that the server has admitted the member: attempts have no time limit from now on, and the backoff starts again. */
  recordSeat(): void {
    this.#attempt = 0;
    this.#backoff = BACKOFF_SEATED;
    this.#giveUpAtMs = Number.POSITIVE_INFINITY;
  }

  /**
   * Stops connecting. With `leave` it sends `leave` if there is a session, and resolves when the session has ended, after at most 1000 ms.
   * With `close` it closes the connection without a goodbye.
   */
  async stop(ending: Ending): Promise<void> {
    const connection = this.#session?.connection;
    if (ending === 'leave') connection?.send({ type: 'leave' });
    else connection?.end(new RankdError('ABORTED'));
    this.#stopping.abort();
    await Promise.race([this.#loop, sleep(this.#environment.clock, LEAVE_ANSWER_MS, { lifetime: 'background' })]);
    this.#session?.connection.end(new RankdError('LEFT'));
    await this.#loop;
  }

  /** Opens another session with a new hello. Ends the current session when the new one has the seat. */
  replaceSession(): void {
    this.#replacement ??= this.#retryReplacement().finally(() => {
      this.#replacement = undefined;
    });
  }

  async #runSessions(): Promise<void> {
    for (;;) {
      const error = await this.#runSession();
      if (this.#isStopping()) return;
      this.#failures.record(this.#address, error);
      const retryInMs = this.#retryInMs(error);
      const isFinal = !error.retry || this.#environment.clock.nowMs() + retryInMs >= this.#giveUpAtMs;
      this.#ports.emitDisconnected({ error, retryInMs: isFinal ? undefined : retryInMs });
      if (isFinal) {
        this.#ports.close(error.retry ? this.#giveUpError(error) : error);
        return;
      }
      await this.#pause(retryInMs);
      if (this.#isStopping()) return;
    }
  }

  /** Returns the error of the membership when the time for the first seat has passed. */
  #giveUpError(error: RankdError): RankdError {
    return this.#failures.summarize(error, this.#environment.clock.nowMs() - this.#startedAtMs);
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #pause(ms: number): Promise<void> {
    await sleep(this.#environment.clock, ms, { signal: this.#stopping.signal });
  }

  /**
   * Opens one session. Resolves when this session and every session that replaced it have ended. Returns why the last one ended.
   */
  async #runSession(): Promise<RankdError> {
    try {
      const connection = await this.#dial();
      const session: OpenSession = { connection, ended: this.#ports.openSession(connection, () => undefined) };
      this.#session = session;
      return await this.#waitForLastEnd(session);
    } catch (error) {
      if (error instanceof RankdError) return error;
      throw error;
    } finally {
      this.#session = undefined;
    }
  }

  async #waitForLastEnd(first: OpenSession): Promise<RankdError> {
    for (let session = first; ;) {
      const error = await session.ended;
      await this.#replacement;
      if (this.#session === undefined || this.#session === session) return error;
      session = this.#session;
    }
  }

  /**
   * Connects to the next address.
   * @throws RankdError CONNECT_FAILED; ABORTED
   */
  async #dial(): Promise<Connection> {
    const { addresses } = this.#targets;
    const address = addresses[this.#attempt % addresses.length] ?? NO_ADDRESS;
    this.#attempt += 1;
    this.#address = formatAddress(address);
    this.#ports.emitConnecting({ address: this.#address, attempt: this.#attempt });
    const withinMs = this.#giveUpAtMs - this.#environment.clock.nowMs();
    return Connection.open(address, this.#targets, this.#stopping.signal, withinMs, this.#environment);
  }

  /** Repeats the attempt until the current session is replaced or has ended. */
  async #retryReplacement(): Promise<void> {
    const replaced = this.#session;
    if (replaced === undefined) return;
    const over = new AbortController();
    const removeListener = onAbort(this.#stopping.signal, () => over.abort());
    void replaced.ended.then(() => over.abort());
    while (!over.signal.aborted) {
      const error = await this.#tryReplacement(replaced);
      if (error === undefined) break;
      await sleep(this.#environment.clock, this.#retryInMs(error), { signal: over.signal });
    }
    removeListener();
  }

  /** Resolves with undefined if the session is replaced or has ended, otherwise with the error of the attempt. */
  async #tryReplacement(replaced: OpenSession): Promise<RankdError | undefined> {
    try {
      const connection = await this.#dial();
      if (replaced.connection.isEnded) {
        connection.end(new RankdError('ABORTED'));
        return undefined;
      }
      return await new Promise<RankdError | undefined>(resolve => {
        const onSeated = (): void => {
          this.#session = session;
          replaced.connection.end(new RankdError('REPLACED'));
          resolve(undefined);
        };
        const session: OpenSession = { connection, ended: this.#ports.openSession(connection, onSeated) };
        void session.ended.then(resolve);
      });
    } catch (error) {
      if (error instanceof RankdError) return error;
      throw error;
    }
  }

  /**
   * Returns the delay before the next attempt, ms. If the server asked for a delay: that delay plus up to 100 ms of jitter.
   * Otherwise the backoff with full jitter.
   */
  #retryInMs(error: RankdError): number {
    const jitterMs = backoffMs(Math.max(0, this.#attempt - 1), this.#backoff, this.#environment.random);
    return error.retryAfterMs === undefined ? jitterMs : error.retryAfterMs + Math.min(jitterMs, 100);
  }
}
