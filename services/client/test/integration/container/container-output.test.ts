import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  brokenPipe,
  brokenSocket,
  fullDevice,
  type LaunchedServer,
  type OutputSink,
  repository,
  stoppedTerminal,
  unreadPipe,
  unreadSocket,
  within,
} from '@rankd/testkit';
import { DEADLINE_MS, Fleet, next } from '../fleet.js';

/** Each command makes two log lines of about 200 bytes. In total that is many times what a pipe or a terminal buffers. */
const COMMANDS = 700;

const fleet = new Fleet();
const ends: (() => void)[] = [];
let server: LaunchedServer;

beforeAll(async () => {
  server = await fleet.server();
});
afterAll(() => fleet.dispose());
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
});

describe.each<[string, () => OutputSink | Promise<OutputSink>]>([
  ['a pipe that no process reads', unreadPipe],
  ['a socket that no process reads', unreadSocket],
  ['a terminal after Ctrl-S', stoppedTerminal],
  ['a full disk', fullDevice],
  ['a pipe whose reader has gone', brokenPipe],
  ['a socket whose reader has gone', brokenSocket],
])('a client container whose standard output is %s', (_name, open) => {
  it('keeps its rank, continues to send commands, and leaves in time on SIGTERM', async () => {
    const sink = await open();
    const group = fleet.newGroup();
    const child = spawn(process.execPath, [resolve(repository, 'services/client/dist/main.js')], {
      cwd: tmpdir(),
      env: {
        PATH: process.env['PATH'],
        RANKD_URL: `rankd://127.0.0.1:${server.port}`,
        RANKD_GROUP: group,
        RANKD_NAME: 'ann',
        RANKD_COMMAND_EVERY_MS: '1',
      },
      stdio: ['ignore', sink.stdout, 'ignore'],
    });
    sink.attach(child);
    const exited = once(child, 'exit');
    ends.push(
      () => sink.dispose(),
      () => child.kill('SIGKILL'),
    );
    await server.childProcess.event('member.joined', ({ name, group: joined }) => name === 'ann' && joined === group);
    let executed = 0;
    const bob = await fleet.join(server.port, { group, name: 'bob' });
    const enough = new Promise<void>(resolve => {
      bob.handle('print', () => {
        executed += 1;
        if (executed === COMMANDS) resolve();
        return null;
      });
    });
    await within(3 * DEADLINE_MS, `${COMMANDS} commands`, enough);
    expect(bob.rank).toBe(1);
    const promoted = next(bob, 'rank', ({ rank }) => rank === 0);
    child.kill('SIGTERM');
    const [code] = (await within(3000, 'the container to exit', exited)) as [number | null];
    expect(code).toBe(0);
    expect(await within(DEADLINE_MS, 'the promotion', promoted)).toMatchObject({
      cause: { name: 'ann', reason: 'LEFT' },
    });
  });
});
