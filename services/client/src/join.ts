import { setTimeout as sleep } from 'node:timers/promises';
import { checkClientMessage, type HelloMessage } from '@rankd/protocol';
import type { AnyCommands, CommandsOf } from './commands.js';
import { backoffMs } from './backoff.js';
import { Link } from './link.js';
import { Membership, type Reconnector } from './membership.js';
import { orAborted, RankdError } from './rankd-error.js';
import type { TlsSource } from './open-socket.js';
import { addressInWords, parseServerAddresses, type ServerAddress } from './server-address.js';

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

export interface JoinOptions<C extends CommandsOf<C> = AnyCommands> {
  /** `default` unless named. */
  readonly group?: string;
  /** 1 to 64 visible characters; need not be unique. The server makes one up unless named. */
  readonly name?: string;
  /** At most 16; others can aim commands by them. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly token?: string;
  /** For `rankds://`: whom to believe, and what to show; a function is asked anew for each attempt. */
  readonly tls?: TlsSource;
  /** `size`: `rank` events also when only the size has changed. */
  readonly updates?: 'rank' | 'size';
  /** How long to try for the first seat, ms; 10 000 unless named, `Infinity` to try for ever. */
  readonly joinWithinMs?: number;
  /** Gives up joining, or leaves once joined. */
  readonly signal?: AbortSignal;
  /** Called before the first attempt, so that its events are seen too: register listeners and handlers here. */
  readonly prepare?: (membership: Membership<C>) => void;
}

/**
 * Joins a group and stays in it: a lost session is tried again, with full jitter, until `leave`, and takes back its seat
 * where that is still held. Resolves once admitted. Name a fleet's commands, `join<Commands>(…)`, and they are checked.
 * @throws RankdError what the server said where trying again does not mend it; the last failure after `joinWithinMs`;
 *   BAD_ARGUMENT; ABORTED
 */
export async function join<C extends CommandsOf<C> = AnyCommands>(
  url: string,
  options: JoinOptions<C> = {},
): Promise<Membership<C>> {
  const addresses = parseServerAddresses(url);
  const membership = new Membership<C>();
  const keeper = new Keeper(membership, addresses, options.tls ?? {}, helloOf(options));
  membership.keptBy(keeper);
  options.prepare?.(membership);
  leaveWhenAborted(membership, options.signal);
  try {
    await orAborted(keeper.start(options.joinWithinMs ?? 10_000), options.signal);
  } catch (error) {
    await membership.leave();
    throw error;
  }
  return membership;
}

function leaveWhenAborted<C extends CommandsOf<C>>(membership: Membership<C>, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const leave = (): void => void membership.leave();
  signal.addEventListener('abort', leave, { once: true });
  membership.once('closed', () => signal.removeEventListener('abort', leave));
}

/** @throws RankdError BAD_ARGUMENT, naming the option */
function helloOf({ group, name, tags, token, updates }: Omit<JoinOptions, 'prepare'>): HelloMessage {
  const hello: HelloMessage = {
    type: 'hello',
    protocol: 1,
    ...(group === undefined ? {} : { group }),
    ...(name === undefined ? {} : { name }),
    ...(tags === undefined ? {} : { tags: { ...tags } }),
    ...(token === undefined ? {} : { token }),
    ...(updates === undefined ? {} : { updates }),
  };
  const checked = checkClientMessage(hello);
  if (checked.kind === 'bad') throw new RankdError('BAD_ARGUMENT', checked.detail);
  return hello;
}

/** Keeps a membership seated: connects, says hello, waits for the end, and begins again. */
class Keeper<C extends CommandsOf<C>> implements Reconnector {
  readonly #membership: Membership<C>;
  readonly #addresses: readonly ServerAddress[];
  readonly #tls: TlsSource;
  readonly #hello: HelloMessage;
  readonly #stopping = new AbortController();
  #link: Link | undefined;
  #attempt = 0;
  #backoff = BACKOFF;
  /** Moot once there has been a seat. */
  #giveUpAtMs = 0;
  #loop: Promise<void> = Promise.resolve();

  constructor(membership: Membership<C>, addresses: readonly ServerAddress[], tls: TlsSource, hello: HelloMessage) {
    this.#membership = membership;
    this.#addresses = addresses;
    this.#tls = tls;
    this.#hello = hello;
  }

  /** Resolves with the first seat. */
  async start(withinMs: number): Promise<void> {
    this.#giveUpAtMs = performance.now() + withinMs;
    const late = new RankdError('CONNECT_FAILED', `no seat within ${withinMs} ms`);
    // A server that took the connection and says nothing is not waited for either.
    const timer = withinMs > TIMER_MS_MAX ? undefined : setTimeout(() => this.#link?.end(late), withinMs + 1);
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
    this.#link?.send({ type: 'leave' });
    this.#stopping.abort();
    await Promise.race([this.#loop, sleep(GOODBYE_MS, undefined, { ref: false })]);
    this.#link?.end(new RankdError('LEFT'));
    await this.#loop;
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
      await sleep(retryInMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      if (this.#isStopping()) return;
    }
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #oneSession(): Promise<RankdError> {
    const address = this.#addresses[this.#attempt % this.#addresses.length] ?? NOWHERE;
    this.#attempt += 1;
    this.#membership.emit('connecting', { address: addressInWords(address), attempt: this.#attempt });
    try {
      this.#link = await Link.open(address, this.#tls, this.#stopping.signal, this.#giveUpAtMs - performance.now());
      const { claim } = this.#membership;
      return await this.#membership.sit(
        this.#link,
        claim === undefined ? this.#hello : { ...this.#hello, resume: claim },
      );
    } catch (error) {
      if (error instanceof RankdError) return error;
      throw error;
    } finally {
      this.#link = undefined;
    }
  }

  /** The server's word, spread a little, else full jitter. */
  #retryInMs(error: RankdError): number {
    const jitterMs = backoffMs(Math.max(0, this.#attempt - 1), this.#backoff, Math.random);
    return error.retryAfterMs === undefined ? jitterMs : error.retryAfterMs + Math.min(jitterMs, 100);
  }
}
