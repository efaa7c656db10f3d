import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  boundedFile,
  brokenPipe,
  brokenSocket,
  eventually,
  freePort,
  fullDevice,
  parseLogLine,
  RawPeer,
  stoppedTerminal,
  unreadPipe,
  unreadSocket,
  within,
  type OutputSink,
} from '@rankd/testkit';

const DEADLINE_MS = 30_000;
const DRAIN_MS = 1000;
/** Past the 1,024 that a server with few file descriptors, or a table of fixed size, would have room for. */
const MEMBERS_MANY = 1100;
const MEMBERS = 100;
/** Rejected commands in one round, each a log line of some 250 bytes, and the most rounds until the buffer is full. */
const COMMANDS = 500;
const ROUNDS_MAX = 40;

jest.setTimeout(4 * DEADLINE_MS);

const main = resolve(__dirname, '../../../dist/main.js');
const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
});

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
  readonly httpPort: number;
  readonly exited: Promise<unknown[]>;
}

/** Starts the built server with this standard output, in which the test cannot wait for a line. */
async function start(sink: OutputSink): Promise<Running> {
  const [port, httpPort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [main], {
    cwd: tmpdir(),
    env: {
      PATH: process.env['PATH'],
      RANKD_PORT: String(port),
      RANKD_HTTP_PORT: String(httpPort),
      RANKD_MEMBERS_MAX: '2000',
      RANKD_DRAIN_MS: String(DRAIN_MS),
      // At this level the log has no rate limit, so that every line is written.
      LOG_LEVEL: 'debug',
    },
    stdio: ['ignore', sink.stdout, 'ignore'],
  });
  sink.attach(child);
  const exited = once(child, 'exit');
  ends.push(
    () => sink.dispose(),
    () => child.kill('SIGKILL'),
  );
  await eventually(DEADLINE_MS, 'the server to listen', async () => {
    const response = await fetch(`http://127.0.0.1:${httpPort}/readyz`).catch(() => undefined);
    return response?.status === 200 ? true : undefined;
  });
  return { child, port, httpPort, exited };
}

async function join(port: number, name: string): Promise<RawPeer> {
  const peer = await RawPeer.connect(port);
  ends.push(() => peer.destroy());
  peer.send({ type: 'hello', name });
  await peer.next('welcome', DEADLINE_MS);
  return peer;
}

async function linesDropped(httpPort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
  return Number(/^rankd_log_lines_dropped_total (\d+)$/m.exec(text)?.[1]);
}

/** Sends commands to a superior, each of which logs a line, until lines are dropped. */
async function fillBuffer(subordinate: RawPeer, httpPort: number): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const order = { type: 'command', name: 'up', to: { ranks: [0] } };
    subordinate.send(...Array.from({ length: COMMANDS }, (_, n) => ({ ...order, id: `${round}-${n}` })));
    await subordinate.barrier(DEADLINE_MS);
    if ((await linesDropped(httpPort)) > 0) return;
  }
  throw new Error(`no line was dropped after ${ROUNDS_MAX * COMMANDS} commands`);
}

function eventsOf(sink: OutputSink, name: string): Record<string, unknown>[] {
  return sink.lines().flatMap(line => {
    const fields = parseLogLine(line);
    return fields?.['event'] === name ? [fields] : [];
  });
}

const releasable: [string, () => OutputSink | Promise<OutputSink>][] = [
  ['a pipe that no process reads', unreadPipe],
  ['a socket that no process reads', unreadSocket],
  ['a terminal after Ctrl-S', stoppedTerminal],
  ['a file that may not grow', boundedFile],
];

describe.each<[string, number, () => OutputSink | Promise<OutputSink>]>([
  ['a pipe that no process reads', MEMBERS_MANY, unreadPipe],
  ['a socket that no process reads', MEMBERS, unreadSocket],
  ['a terminal after Ctrl-S', MEMBERS, stoppedTerminal],
  ['a file that may not grow', MEMBERS, boundedFile],
  ['a full disk', MEMBERS, fullDevice],
  ['a pipe whose reader has gone', MEMBERS, brokenPipe],
  ['a socket whose reader has gone', MEMBERS, brokenSocket],
])('a server whose standard output is %s', (_name, count, open) => {
  it(`admits ${count} members, answers all of them, and exits in time with a bye to each`, async () => {
    const { child, port, httpPort, exited } = await start(await open());
    const leader = await join(port, 'leader');
    const subordinate = await join(port, 'subordinate');
    const members = [leader, subordinate];
    while (members.length < count) members.push(await join(port, `member-${members.length}`));
    await fillBuffer(subordinate, httpPort);
    await Promise.all(members.map(member => member.barrier(DEADLINE_MS)));
    // A command without a result makes the drain take its full time.
    leader.send({ type: 'command', id: 'open', name: 'hang', to: { ranks: [1] }, deadlineMs: 60_000 });
    await subordinate.next('command', DEADLINE_MS);
    const stoppedAtMs = performance.now();
    child.kill('SIGTERM');
    const [code] = await within(DEADLINE_MS, 'the server to exit', exited);
    const tookMs = performance.now() - stoppedAtMs;
    expect(code).toBe(0);
    expect(tookMs).toBeGreaterThanOrEqual(DRAIN_MS - 50);
    expect(tookMs).toBeLessThan(DRAIN_MS + 3000);
    const ended = await within(DEADLINE_MS, 'all to close', Promise.all(members.map(({ closed }) => closed)));
    expect(ended.filter(({ bye }) => bye?.['code'] !== 'DRAINING')).toEqual([]);
  });
});

it('a pipe keeps its mode for other processes: the shell reads its own output without an error', async () => {
  const sink = unreadPipe();
  await start(sink);
  const flags = /flags:\s*([0-7]+)/.exec(readFileSync(`/proc/self/fdinfo/${sink.stdout}`, 'utf8'))?.[1] ?? '';
  expect(Number.parseInt(flags, 8) & constants.O_NONBLOCK).toBe(0);
});

describe.each(releasable)('a server whose standard output was %s, and is read again', (_name, open) => {
  it('logs how many lines were dropped, equal to the metric, and loses no line after that', async () => {
    const sink = await open();
    const { child, port, httpPort, exited } = await start(sink);
    await join(port, 'leader');
    await fillBuffer(await join(port, 'subordinate'), httpPort);
    sink.release();
    const [report] = await eventually(DEADLINE_MS, 'the report', () => {
      const reports = eventsOf(sink, 'lines.dropped');
      return reports.length > 0 ? reports : undefined;
    });
    await join(port, 'late');
    child.kill('SIGTERM');
    expect((await within(DEADLINE_MS, 'the server to exit', exited))[0]).toBe(0);
    await eventually(DEADLINE_MS, 'the last line', () => (eventsOf(sink, 'stopped').length > 0 ? true : undefined));
    expect(eventsOf(sink, 'lines.dropped')).toEqual([report]);
    expect(report).toMatchObject({ level: 40, count: expect.any(Number) });
    const names = eventsOf(sink, 'member.joined').map(({ name }) => name);
    expect(names).toEqual(['leader', 'subordinate', 'late']);
    // Every line is complete, and each missing line was counted.
    expect(sink.lines().filter(line => parseLogLine(line) === undefined)).toEqual([]);
  });

  it('counts as many dropped lines as are missing', async () => {
    const sink = await open();
    const { port, httpPort } = await start(sink);
    await join(port, 'leader');
    const subordinate = await join(port, 'subordinate');
    await fillBuffer(subordinate, httpPort);
    const dropped = await linesDropped(httpPort);
    sink.release();
    await eventually(DEADLINE_MS, 'the report', () => (eventsOf(sink, 'lines.dropped').length > 0 ? true : undefined));
    const refused = subordinate.frames.filter(({ type }) => type === 'receipt' || type === 'error').length;
    expect(eventsOf(sink, 'lines.dropped')[0]?.['count']).toBe(dropped);
    expect(eventsOf(sink, 'command.refused').length + dropped).toBe(refused);
  });
});
