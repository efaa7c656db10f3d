/** The servers, members and processes of an integration test. */

import { resolve } from 'node:path';
import { jest } from '@jest/globals';
import { join, type JoinOptions, type Membership, type MembershipEvents } from '@rankd/client';
import {
  ChildProcess,
  eventually,
  type LaunchedServer,
  launchServer,
  nextEvent,
  realTime,
  repository,
} from '@rankd/testkit';

/** Ten times the expected duration, ms. */
export const DEADLINE_MS = 10_000;
/** The admin token that Compose and scripts/up set if the user sets none. */
export const DEVELOPMENT_TOKEN = 'rankd-development';

jest.setTimeout(6 * DEADLINE_MS);

/** The servers, members and processes of a test file. `dispose` ends all of them. */
export class Fleet {
  readonly #programs: ChildProcess[] = [];
  readonly #members: Membership[] = [];
  #groups = 0;

  async server(env: Readonly<Record<string, string>> = {}): Promise<LaunchedServer> {
    const server = await launchServer(repository, env);
    this.#programs.push(server.childProcess);
    return server;
  }

  /** Returns the name of a group that no other test of the file uses. */
  newGroup(): string {
    this.#groups += 1;
    return `g${this.#groups}`;
  }

  /** Joins from this process. */
  async join(port: number, options: JoinOptions = {}): Promise<Membership> {
    return await this.joinAt(`rankd://127.0.0.1:${port}`, options);
  }

  /** Joins from this process, with any URL. */
  async joinAt(url: string, options: JoinOptions): Promise<Membership> {
    const member = await join(url, options);
    this.#members.push(member);
    return member;
  }

  /** Joins one member for each name, in order, all in one group. */
  async joinAll<const Names extends readonly string[]>(
    port: number,
    names: Names,
    options: JoinOptions = {},
  ): Promise<{ -readonly [Each in keyof Names]: Membership }> {
    const members: Membership[] = [];
    for (const name of names) members.push(await this.join(port, { ...options, name }));
    return members as { -readonly [Each in keyof Names]: Membership };
  }

  /** Starts the built client container. */
  container(env: Readonly<Record<string, string>>): ChildProcess {
    const dist = resolve(repository, 'services/client/dist');
    return this.#keep(new ChildProcess(process.execPath, [resolve(dist, 'main.js')], { cwd: dist, env }));
  }

  /** Starts a program that uses the built library. Its arguments are `port` and those after it. */
  script(kind: 'module' | 'commonjs', source: string, ...args: (string | number)[]): ChildProcess {
    const flags = ['--no-warnings', `--input-type=${kind}`, '-e', source, '--', ...args.map(String)];
    return this.#keep(new ChildProcess(process.execPath, flags, { cwd: repository }));
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#members.map(member => member.leave()));
    await Promise.all(this.#programs.map(program => program.dispose()));
  }

  #keep(program: ChildProcess): ChildProcess {
    this.#programs.push(program);
    return program;
  }
}

/** Resolves with the next event of that kind for which `fits` returns true. */
export async function next<E extends keyof MembershipEvents>(
  member: Membership,
  event: E,
  fits: (payload: MembershipEvents[E][0]) => boolean = () => true,
): Promise<MembershipEvents[E][0]> {
  return await nextEvent(realTime, { member, event, deadlineMs: DEADLINE_MS }, fits);
}

/** Returns the fields of a rejection with this code, for `toMatchObject`. */
export function codeOf(code: string): { readonly name: string; readonly code: string } {
  return { name: 'RankdError', code };
}

/** Resolves when each of them has a rank and may act on it. */
export async function allSeated(members: readonly Membership[]): Promise<void> {
  const isSeated = ({ rank }: Membership): boolean => rank !== undefined;
  await eventually(DEADLINE_MS, 'ranks', () => (members.every(isSeated) ? true : undefined));
}
