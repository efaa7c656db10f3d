/** Joins a group: the entry point of the library. */

import { type HelloMessage, onAbort } from '@rankd/protocol';
import { checkOptions } from './arguments/check-argument.js';
import { joinRules } from './arguments/rules.js';
import { type ClientEnvironment, systemEnvironment } from './client-environment.js';
import type { AnyCommands, CommandsOf } from './commands/declared-commands.js';
import type { Dial, TlsSource } from './connection/dial.js';
import { parseServerAddresses, type ServerUrls } from './connection/server-address.js';
import { logMembership } from './event-logger.js';
import { type Logger, withPrintableMessages } from './logger.js';
import { MembershipCore } from './membership-core.js';
import type { Membership } from './membership.js';
import { RankdError, rejectOnAbort } from './rankd-error.js';
import type { SeatClaim } from './session/seat.js';

/** Options of `join`. A value outside its limits, and an unknown option, rejects with BAD_ARGUMENT, which names the option. */
export interface JoinOptions<C extends CommandsOf<C> = AnyCommands> {
  /** The group to join: 1 to 64 of the characters A-Z a-z 0-9 . _ -. Default: `default`. */
  readonly group?: string;
  /** The name of this member: 1 to 64 visible characters. Several members may have the same name. Default: the server chooses one. */
  readonly name?: string;
  /** Tags by which commands can target this member: at most 16. Keys have at most 64 characters, values at most 256. Default: none. */
  readonly tags?: Readonly<Record<string, string>>;
  /** The token of the server (RANKD_TOKEN), at most 256 characters. If it is missing or wrong, `join` rejects with UNAUTHORIZED. */
  readonly token?: string;
  /**
   * For `rankds://` URLs: the CA to trust, and the client certificate. A function is called before each attempt. Default: the CAs
   * that Node trusts, and no client certificate.
   */
  readonly tls?: TlsSource;
  /** Opens each connection instead of TCP or TLS, for example through a proxy or a Unix socket. `tls` is not used then. */
  readonly dial?: Dial;
  /**
   * Which changes the server sends, and which the event `rank` reports. The event `size` always reports the size that the server sends.
   * - Not set: the server sends changes of this member's rank, of the leader and of the size. The event `rank` reports the rank and the
   *   leader.
   * - `rank`: the server sends changes of this member's rank and of the leader. The event `rank` reports both. `size` of the membership
   *   may be outdated.
   * - `size`: the server sends changes of this member's rank, of the leader and of the size. The event `rank` reports all three.
   * - `roster`: the server sends every change of the group. The event `rank` reports the rank, the leader and the size.
   *
   * `partitions` needs `roster`: with another value, `partitions` opens a new session.
   */
  readonly updates?: 'rank' | 'size' | 'roster';
  /** Receives a log line for each event of the membership. A pino logger has this shape. Default: nothing is logged. */
  readonly logger?: Logger;
  /**
   * How long to try until the member is admitted for the first time, ms. Default: 10 000. `Infinity`: no limit. Time on the
   * waitlist counts. After this time, `join` rejects with the code of the last failure, or with CONNECT_FAILED.
   */
  readonly joinWithinMs?: number;
  /**
   * The claim to the seat of an earlier process: its `Membership.claim`, or what it last stored in `keepClaim`. If the server still holds
   * the seat, `join` takes it back: same member id, rank and slot, and `joined` has `resumed`. Otherwise the member joins with the last
   * rank. Its group is the default of `group`; another `group` is BAD_ARGUMENT. The earlier process must have ended. If it still runs, its
   * session ends with REPLACED.
   */
  readonly resume?: SeatClaim | undefined;
  /**
   * Called with the new claim after each `welcome`, before `joined`. Store the claim here if a later process is to take the seat back, and
   * replace a file atomically: write another file, and rename it. The library sends nothing on the session until the returned promise
   * settles, because the next frame makes the server forget the earlier claim. It waits at most `heartbeatMs` of the server. If the
   * promise rejects or is late, `listenerError` reports it, and the session continues.
   */
  readonly keepClaim?: (claim: SeatClaim) => unknown;
  /** Features that the server must have, for example `resign`. If it lacks one, `join` rejects with UNSUPPORTED. Default: none. */
  readonly require?: readonly string[];
  /** If aborted before the member is admitted, `join` rejects with ABORTED. If aborted later, the member leaves. */
  readonly signal?: AbortSignal;
  /**
   * Called once, before the first connection attempt. Register listeners and handlers here, so that they receive the first events. If it
   * throws, `join` rejects with its error.
   */
  readonly prepare?: (membership: Membership<C>) => void;
}

/**
 * Joins a group. Resolves when the server has admitted the member.
 *
 * The member stays in the group until `leave`. If the session ends, the library reconnects, after a delay of at most 1 s or the
 * delay that the server asks for. If the server still keeps the seat, the member takes it back: same member id, rank and slot
 * (R-JOIN-6). Otherwise it joins again with the last rank.
 *
 * `join<Commands>(…)` checks the names, arguments and values of commands at compile time.
 * @param url `rankd://host:port` for TCP or `rankds://host:port` for TLS; several, in a list or separated by commas, are tried in
 *   turn. The default port is 2700
 * @throws RankdError BAD_ARGUMENT if the URL or an option is invalid; ABORTED if `signal` is aborted; the code of the server if
 *   no retry can solve it, for example UNAUTHORIZED; after `joinWithinMs` the code of the last failure, for example
 *   CONNECT_FAILED or FULL
 */
export async function join<C extends CommandsOf<C> = AnyCommands>(
  url: ServerUrls,
  options: JoinOptions<C> = {},
): Promise<Membership<C>> {
  return joinWith(systemEnvironment, url, options);
}

/** Joins as `join` does, in another environment. Tests use it to run the library in-process on a manual clock. */
export async function joinWith<C extends CommandsOf<C> = AnyCommands>(
  environment: ClientEnvironment,
  url: ServerUrls,
  options: JoinOptions<C> = {},
): Promise<Membership<C>> {
  checkOptions('join', options, joinRules);
  const addresses = parseServerAddresses(url);
  const { updates, tls = {}, dial, joinWithinMs = 10_000, resume, keepClaim } = options;
  const settings = {
    hello: buildHello(options),
    targets: { addresses, tls, dial },
    interest: updates === undefined || updates === 'rank' ? 'rank' : 'size',
    logger: options.logger === undefined ? undefined : withPrintableMessages(options.logger),
    resume,
    keepClaim,
  } as const;
  const core = new MembershipCore<C>(settings, environment);
  const { membership, callbacks } = core;
  if (options.logger !== undefined) logMembership(membership, core.logger, environment.clock, joinWithinMs);
  leaveOnAbort(membership, options.signal);
  try {
    const prepared: unknown = options.prepare?.(membership);
    // An async `prepare` is not awaited.
    callbacks.call('prepare', () => prepared);
    await rejectOnAbort(core.start(joinWithinMs), options.signal);
  } catch (error) {
    await membership.leave();
    throw error;
  }
  return membership;
}

function leaveOnAbort<C extends CommandsOf<C>>(membership: Membership<C>, signal: AbortSignal | undefined): void {
  if (signal === undefined || signal.aborted) return;
  membership.once(
    'closed',
    onAbort(signal, () => void membership.leave()),
  );
}

/**
 * Builds the hello from the options, which are checked.
 * @throws RankdError BAD_ARGUMENT if the claim is for a seat of another group
 */
function buildHello(options: Omit<JoinOptions, 'prepare' | 'logger'>): HelloMessage {
  const { resume, group = resume?.group, name, tags, token, updates = 'size', require } = options;
  if (resume?.group !== undefined && resume.group !== group) {
    throw new RankdError(
      'BAD_ARGUMENT',
      `resume is the claim to a seat of the group ${resume.group}, and group is ${group}`,
    );
  }
  const hello: HelloMessage = {
    type: 'hello',
    protocol: 1,
    ...(group === undefined ? {} : { group }),
    ...(name === undefined ? {} : { name }),
    ...(tags === undefined ? {} : { tags: { ...tags } }),
    ...(token === undefined ? {} : { token }),
    ...(require === undefined || require.length === 0 ? {} : { require: [...require] }),
    updates,
  };
  return hello;
}
