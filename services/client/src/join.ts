import { checkClientMessage, type HelloMessage } from '@rankd/protocol';
import { systemEnvironment, type ClientEnvironment } from './client-environment.js';
import type { AnyCommands, CommandsOf } from './commands/command-types.js';
import type { Dial, TlsSource } from './connection/dial.js';
import { parseServerAddresses } from './connection/server-address.js';
import { logMembership } from './event-logger.js';
import { type Logger, silentLogger, withPrintableMessages } from './logger.js';
import { MembershipCore } from './membership-core.js';
import type { Membership } from './membership.js';
import { RankdError, rejectOnAbort } from './rankd-error.js';

/** How to join, and as what. */
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
  /** Opens the connection instead of TCP or TLS: through a proxy, say, or over a Unix socket. Then `tls` is not used. */
  readonly dial?: Dial;
  /**
   * What of the group's changes `rank` events tell. `rank`, unless named: its own rank, and who leads; `size`: also the size;
   * `roster`: as `size`, on a session that tells every change, so that `partitions` need not begin another.
   */
  readonly updates?: 'rank' | 'size' | 'roster';
  /** Is told what happens, in the shape of a pino logger; nobody unless named. */
  readonly logger?: Logger;
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
  return joinWith(systemEnvironment, url, options);
}

/** `join` in another environment: for tests that run the library in-process on a manual clock. */
export async function joinWith<C extends CommandsOf<C> = AnyCommands>(
  environment: ClientEnvironment,
  url: string,
  options: JoinOptions<C> = {},
): Promise<Membership<C>> {
  const addresses = parseServerAddresses(url);
  const { updates = 'rank', tls = {}, dial } = options;
  const logger = options.logger === undefined ? silentLogger : withPrintableMessages(options.logger);
  const settings = {
    hello: buildHello(options),
    targets: { addresses, tls, dial },
    interest: updates === 'rank' ? 'rank' : 'size',
    logger,
  } as const;
  const core = new MembershipCore<C>(settings, environment);
  const { membership } = core;
  if (options.logger !== undefined) logMembership(membership, logger);
  options.prepare?.(membership);
  leaveOnAbort(membership, options.signal);
  try {
    await rejectOnAbort(core.start(options.joinWithinMs ?? 10_000), options.signal);
  } catch (error) {
    await membership.leave();
    throw error;
  }
  return membership;
}

function leaveOnAbort<C extends CommandsOf<C>>(membership: Membership<C>, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const leave = (): void => void membership.leave();
  signal.addEventListener('abort', leave, { once: true });
  membership.once('closed', () => signal.removeEventListener('abort', leave));
}

/** @throws RankdError BAD_ARGUMENT, naming the option */
function buildHello({ group, name, tags, token, updates }: Omit<JoinOptions, 'prepare' | 'logger'>): HelloMessage {
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
