/** Joins the group as the member that runs the program (R-PROG-2). */

import type { Socket } from 'node:net';
import { type JoinOptions, type Membership, RankdError } from '@rankd/client';
import { createConnect, joinWith, systemEnvironment } from '@rankd/client/internal';
import { onAbort } from '@rankd/protocol';
import { readTlsFiles } from '@rankd/startup/tls-files';
import type { Connection } from '../../connection.js';
import { UsageError } from '../../errors.js';
import { formatError } from '../../output/format-error.js';
import { exitCodes, ProgramEnd } from '../program-end.js';

/** The options of the member. */
export interface ProgramMemberOptions extends Pick<JoinOptions, 'name' | 'tags' | 'logger' | 'resume' | 'keepClaim'> {
  readonly joinTimeoutMs: number;
  /** Ends the attempt to join. After the member has joined it has no effect. */
  readonly joining: AbortSignal;
  /** Called once, before the first connection. */
  readonly prepare: (member: ProgramMember) => void;
}

/** A member, and the socket of its session. */
export interface ProgramMember {
  readonly me: Membership;
  /** Returns the TCP socket of the newest session. With TLS it is the TCP socket below the TLS socket. */
  readonly socket: () => Socket | undefined;
}

/**
 * Joins the group.
 * @throws ProgramEnd 69 if there is no server, 75 if the group is full, 77 if the token is wrong; an empty one if `joining` is aborted;
 *   UsageError
 */
export async function joinProgram(connection: Connection, options: ProgramMemberOptions): Promise<ProgramMember> {
  const { joinTimeoutMs, joining, prepare, ...rest } = options;
  let socket: Socket | undefined;
  const connect = createConnect(systemEnvironment.random, opened => (socket = opened));
  const attempt = new JoinAttempt();
  const removeListener = onAbort(joining, () => attempt.stop());
  try {
    const me = await joinWith({ ...systemEnvironment, connect }, connection.url, {
      ...rest,
      group: connection.group,
      ...(connection.token === undefined ? {} : { token: connection.token }),
      tls: () => readTlsFiles(connection.tls),
      updates: 'size',
      joinWithinMs: joinTimeoutMs,
      signal: attempt.signal,
      prepare: member => {
        attempt.watch(member);
        prepare({ me: member, socket: () => socket });
      },
    });
    return { me, socket: () => socket };
  } catch (error) {
    throw attempt.endOf(error, connection, joinTimeoutMs);
  } finally {
    removeListener();
  }
}

/** What is known about an attempt to join. */
class JoinAttempt {
  readonly #controller = new AbortController();
  #seats: 'unknown' | 'waiting' | 'full' = 'unknown';

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  stop(): void {
    this.#controller.abort();
  }

  watch(member: Membership): void {
    member.on('connecting', () => (this.#seats = 'unknown'));
    member.on('waiting', () => (this.#seats = 'waiting'));
    const stopIfFull = ({ error }: { readonly error: RankdError }): void => {
      if (error.code !== 'FULL') return;
      // There is no waitlist, or it is full too.
      this.#seats = 'full';
      this.stop();
    };
    member.on('disconnected', stopIfFull);
    member.once('joined', () => member.off('disconnected', stopIfFull));
  }

  /** Returns the end of rankctl for the error of `join`. */
  endOf(error: unknown, connection: Connection, joinTimeoutMs: number): Error {
    if (!(error instanceof RankdError)) return error as Error;
    if (this.#seats === 'full') return new ProgramEnd(exitCodes.noSeat, `the group ${connection.group} is full`);
    if (this.#seats === 'waiting') {
      const sentence = `the group ${connection.group} is full: no seat became free within ${joinTimeoutMs / 1000} s`;
      return new ProgramEnd(exitCodes.noSeat, sentence);
    }
    if (error.code === 'ABORTED') return new ProgramEnd(exitCodes.failed);
    if (error.code === 'BAD_ARGUMENT') return new UsageError(error.message);
    return new ProgramEnd(codeOf(error), formatError(error, connection).message);
  }
}

/** Returns the exit code for an error that ends a membership. */
export function codeOf({ code }: RankdError): number {
  if (code === 'UNAUTHORIZED') return exitCodes.unauthorized;
  return code === 'REMOVED' || code === 'REPLACED' ? exitCodes.failed : exitCodes.noServer;
}
