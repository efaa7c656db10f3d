import { checkClientMessage, type HelloMessage } from '@rankd/protocol';
import { type ClientEnvironment, systemEnvironment } from './client-environment.js';
import type { AnyCommands, CommandsOf } from './commands/declared-commands.js';
import type { Dial, TlsSource } from './connection/dial.js';
import { parseServerAddresses } from './connection/server-address.js';
import { logMembership } from './event-logger.js';
import { type Logger, silentLogger, withPrintableMessages } from './logger.js';
import { MembershipCore } from './membership-core.js';
import type { Membership } from './membership.js';
import { RankdError, rejectOnAbort } from './rankd-error.js';

/** Options of `join`. */
export interface JoinOptions<C extends CommandsOf<C> = AnyCommands> {
  /** The group to join. Default: `default`. */
  readonly group?: string;
  /** 1 to 64 visible characters; need not be unique. Default: the server chooses one. */
  readonly name?: string;
  /** At most 16 tags. Commands can target members by them. */
  readonly tags?: Readonly<Record<string, string>>;
  /** The token that the server requires (RANKD_TOKEN). */
  readonly token?: string;
  /** For `rankds://`: the CA to trust, and the certificate to show. A function is called before each attempt. */
  readonly tls?: TlsSource;
  /** Opens the connection instead of TCP or TLS, for example through a proxy or a Unix socket. `tls` is then not used. */
  readonly dial?: Dial;
  /**
   * Which changes of the group `rank` events report. `rank`, the default: this member's rank and the leader. `size`: the size
   * too. `roster`: as `size`, on a session that reports every change, so that `partitions` need not replace it.
   */
  readonly updates?: 'rank' | 'size' | 'roster';
  /** Logs the events of the membership, in the shape of a pino logger. Default: nothing is logged. */
  readonly logger?: Logger;
  /** How long to try for the first seat, ms. Default: 10 000. `Infinity`: no limit. */
  readonly joinWithinMs?: number;
  /** Aborts joining. After that, makes the member leave. */
  readonly signal?: AbortSignal;
  /** Called before the first attempt. Register listeners and handlers here, so that they get the first events too. */
  readonly prepare?: (membership: Membership<C>) => void;
}

/**
 * Joins a group and stays in it. A lost session is retried, with full jitter, until `leave`. The member resumes its seat if
 * the server still holds it (R-JOIN-6). Resolves when the member is admitted. `join<Commands>(…)` checks the names, arguments
 * and values of commands at compile time.
 * @throws RankdError the server's code if no retry can solve it; the last failure after `joinWithinMs`; BAD_ARGUMENT; ABORTED
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
