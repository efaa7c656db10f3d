import { setTimeout as sleep } from 'node:timers/promises';
import type { HelloMessage } from '@rankd/protocol';
import { backoffMs } from './backoff.js';
import type { CommandsOf } from '../commands/command-types.js';
import { Connection } from './connection.js';
import type { Membership, Reconnector } from '../membership.js';
import type { DialTarget } from './dial.js';
import { RankdError } from '../rankd-error.js';
import { addressInWords, type ServerAddress } from './server-address.js';

/** At most `capMs` between two attempts; full jitter makes it half of that on average. */
const BACKOFF = { baseMs: 100, capMs: 5000 };
/** Whoever had a seat comes back sooner: its place is held for a short time only. */
const BACKOFF_SEATED = { baseMs: 100, capMs: 1000 };
/** How long `leave` waits for the server's bye. */
const GOODBYE_MS = 1000;
/** There is always an address; the compiler does not know. */
const NOWHERE: ServerAddress = { host: '', port: 0, transport: 'tcp' };
/** The longest that a timer takes. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Where the coordinators are, and how one is reached. */
export interface DialTargets extends DialTarget {
  readonly addresses: readonly ServerAddress[];
}

/** A session under way. */
interface Session {
  readonly link: Connection;
  readonly over: Promise<RankdError>;
}

/** Keeps a membership seated: connects, says hello, waits for the end, and begins again. */
export class Keeper<C extends CommandsOf<C>> implements Reconnector {
  readonly #membership: Membership<C>;
  readonly #hello: HelloMessage;
  readonly #ways: DialTargets;
  readonly #stopping = new AbortController();
  #session: Session | undefined;
  /** Settles once it has put another session in the place of the one under way, or has given that up. */
  #renewal: Promise<void> | undefined;
  #attempt = 0;
  #backoff = BACKOFF;
  /** Moot once there has been a seat. */
  #giveUpAtMs = 0;
  #loop: Promise<void> = Promise.resolve();

  constructor(membership: Membership<C>, hello: HelloMessage, ways: DialTargets) {
    this.#membership = membership;
    this.#hello = hello;
    this.#ways = ways;
  }

  /** Resolves with the first seat. */
  async start(withinMs: number): Promise<void> {
    this.#giveUpAtMs = performance.now() + withinMs;
    const late = new RankdError('CONNECT_FAILED', `no seat within ${withinMs} ms`);
    // A server that took the connection and says nothing is not waited for either.
    const timer = withinMs > TIMER_MS_MAX ? undefined : setTimeout(() => this.#session?.link.end(late), withinMs + 1);
    const firstSeat = new Promise<void>((resolve, reject) => {
      this.#membership.on('joined', () => {
        this.#attempt = 0;
        this.#backoff = BACKOFF_SEATED;
        this.#giveUpAtMs = Number.POSITIVE_INFINITY;
        resolve();
      });
      this.#membership.once('closed', ({ error }) => reject(error ?? new RankdError('ABORTED')));
      this.#loop = this.#keepSeated();
    });
    return firstSeat.finally(() => clearTimeout(timer));
  }

  async stop(): Promise<void> {
    this.#session?.link.send({ type: 'leave' });
    this.#stopping.abort();
    await Promise.race([this.#loop, sleep(GOODBYE_MS, undefined, { ref: false })]);
    this.#session?.link.end(new RankdError('LEFT'));
    await this.#loop;
  }

  renew(): void {
    this.#renewal ??= this.#takeOver().finally(() => {
      this.#renewal = undefined;
    });
  }

  async #keepSeated(): Promise<void> {
    for (;;) {
      const error = await this.#oneSession();
      if (this.#isStopping()) return;
      const retryInMs = this.#retryInMs(error);
      const isOver = !error.retry || performance.now() + retryInMs >= this.#giveUpAtMs;
      this.#membership.emit('disconnected', { error, retryInMs: isOver ? undefined : retryInMs });
      if (isOver) {
        this.#membership.close(error);
        return;
      }
      await this.#pause(retryInMs);
      if (this.#isStopping()) return;
    }
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }

  async #oneSession(): Promise<RankdError> {
    try {
      const link = await this.#open();
      const session: Session = { link, over: this.#membership.sit(link, this.#hello, () => undefined) };
      this.#session = session;
      return await this.#lastOver(session);
    } catch (error) {
      if (error instanceof RankdError) return error;
      throw error;
    } finally {
      this.#session = undefined;
    }
  }

  /** Another session may take the place of the first, and another the place of that. */
  async #lastOver(first: Session): Promise<RankdError> {
    for (let session = first; ; ) {
      const error = await session.over;
      await this.#renewal;
      if (this.#session === undefined || this.#session === session) return error;
      session = this.#session;
    }
  }

  /** The next address in turn. @throws RankdError CONNECT_FAILED, ABORTED */
  async #open(): Promise<Connection> {
    const { addresses } = this.#ways;
    const address = addresses[this.#attempt % addresses.length] ?? NOWHERE;
    this.#attempt += 1;
    this.#membership.emit('connecting', { address: addressInWords(address), attempt: this.#attempt });
    return Connection.open(address, this.#ways, this.#stopping.signal, this.#giveUpAtMs - performance.now());
  }

  /** Tries for as long as the session lasts whose place is to be taken. */
  async #takeOver(): Promise<void> {
    const replaced = this.#session;
    if (replaced === undefined) return;
    while (!replaced.link.isOver && !this.#isStopping()) {
      const error = await this.#replace(replaced);
      if (error === undefined) return;
      await Promise.race([this.#pause(this.#retryInMs(error)), replaced.over]);
    }
  }

  /** Undefined once it is done; else why it is not. */
  async #replace(replaced: Session): Promise<RankdError | undefined> {
    try {
      const link = await this.#open();
      if (replaced.link.isOver) {
        link.end(new RankdError('ABORTED'));
        return undefined;
      }
      return await new Promise<RankdError | undefined>(resolve => {
        const seated = (): void => {
          this.#session = session;
          replaced.link.end(new RankdError('REPLACED'));
          resolve(undefined);
        };
        const session: Session = { link, over: this.#membership.sit(link, this.#hello, seated) };
        void session.over.then(resolve);
      });
    } catch (error) {
      if (error instanceof RankdError) return error;
      throw error;
    }
  }

  /** The server's word, spread a little, else full jitter. */
  #retryInMs(error: RankdError): number {
    const jitterMs = backoffMs(Math.max(0, this.#attempt - 1), this.#backoff, Math.random);
    return error.retryAfterMs === undefined ? jitterMs : error.retryAfterMs + Math.min(jitterMs, 100);
  }
}
