import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type LaunchedServer, launchServer, RawPeer, repository } from '@rankd/testkit';
import { DEADLINE_MS, type Ended, Rankctl } from './rankctl.js';

jest.setTimeout(4 * DEADLINE_MS);

const running: Rankctl[] = [];
afterEach(() => {
  for (const each of running.splice(0)) each.kill();
});

function start(port: number, ...args: string[]): Rankctl {
  const program = new Rankctl(args, { RANKD_URL: `rankd://127.0.0.1:${port}`, RANKD_ADMIN_TOKEN: 'boss' });
  running.push(program);
  return program;
}
const run = (port: number, ...args: string[]): Promise<Ended> => start(port, ...args).end();

describe('a server that is lost', () => {
  const welcome = {
    ...{ type: 'welcome', protocol: 1, features: [], server: 's1', role: 'observer', group: 'default' },
    ...{ size: 2, leader: { member: 'm1', name: 'ann' }, membersMax: 100, epoch: 70, view: 4, seq: 9 },
    ...{ heartbeatMs: 1500, suspendMs: 4500, deadMs: 6000, frameBytesMax: 65_536 },
  };
  const members = ['ann', 'bob'].map((name, rank) => ({
    ...{ rank, member: `m${rank}`, name, slot: rank, tags: {}, address: '127.0.0.1:1', state: 'present' },
    joinedAt: '2026-11-23T10:00:00.000Z',
  }));
  const roster = { type: 'roster', group: 'default', epoch: 70, view: 4, size: 2, members, more: false };
  const receipt = {
    type: 'receipt',
    id: '1',
    accepted: true,
    seq: 10,
    view: 4,
    recipients: 2,
    refused: [],
    refusedCount: 0,
  };
  const result = {
    type: 'result',
    id: '1',
    seq: 10,
    from: { member: 'm0', rank: 0, name: 'ann' },
    status: 'done',
    value: 'ok',
    ms: 3,
  };
  let server: Server;
  /** The frames before the server closes the connection, when an `admin` message has arrived. */
  let lastFrames: readonly object[] = [];

  beforeAll(async () => {
    server = createServer(socket => serve(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => {
    server.close();
  });

  function serve(socket: Socket): void {
    const write = (frames: readonly object[]): string => frames.map(frame => `${JSON.stringify(frame)}\n`).join('');
    socket.on('error', () => undefined);
    socket.on('data', bytes => {
      if (bytes.includes('"hello"')) socket.write(write([welcome]));
      if (bytes.includes('{"type":"roster"')) socket.write(write([roster]));
      if (bytes.includes('"admin"')) socket.end(write(lastFrames));
    });
  }
  const port = (): number => (server.address() as AddressInfo).port;

  it('R-CMD-6 send prints the results that had arrived, and that the outcome is unknown', async () => {
    lastFrames = [receipt, result];
    const { code, stdout, stderr } = await run(port(), 'send', 'go');
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^RANK .*\n0 +ann +done +3 ms +"ok"\n$/)]);
    expect(stderr).toMatch(/^rankctl: the outcome of go is unknown, 1 of 2 had answered: .*may have executed.*\n$/);
    expect(stderr).not.toMatch(/retry|again|NOT_CONNECTED: /);
    const told = await run(port(), '--json', 'send', 'go');
    expect([told.code, JSON.parse(told.stdout)]).toEqual([
      1,
      {
        ...{ done: false, code: 'OUTCOME_UNKNOWN', seq: 10, recipients: 2, refusedCount: 0 },
        answers: [{ rank: 0, member: 'm0', name: 'ann', status: 'done', value: 'ok', ms: 3 }],
        error: { code: 'OUTCOME_UNKNOWN', message: stderr.slice('rankctl: '.length).trim() },
      },
    ]);
  });

  it('stops a rollout, which names the members that may not have executed the command', async () => {
    const own = { ...result, from: { member: 'm1', rank: 1, name: 'bob' } };
    lastFrames = [{ ...receipt, recipients: 1 }];
    const { code, stdout, stderr } = await run(port(), 'rollout', 'go');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^rankctl: the outcome of go is unknown, 0 of 1 had answered: .*\n.*after batch 1: 2 members have not confirmed go/,
    );
    // The result came, and the outcome did not.
    lastFrames = [{ ...receipt, recipients: 1 }, own];
    const told = await run(port(), '--json', 'rollout', 'go');
    expect([told.code, JSON.parse(told.stdout)]).toMatchObject([
      1,
      {
        ...{ done: false, batches: 1, answers: [{ batch: 1, name: 'bob', status: 'done', value: 'ok' }] },
        ...{ remaining: [{ member: 'm0', name: 'ann', rank: 0 }], error: { code: 'OUTCOME_UNKNOWN' } },
      },
    ]);
  });

  it.each([[['send', 'go']], [['rollout', 'go']], [['move', 'bob', '0']], [['remove', 'bob']]])(
    'before the receipt leaves the outcome of %j unknown',
    async args => {
      lastFrames = [];
      const { code, stdout, stderr } = await run(port(), '--json', ...args);
      expect([code, JSON.parse(stdout)]).toMatchObject([1, { error: { code: 'OUTCOME_UNKNOWN' } }]);
      expect(stderr).toMatch(/^rankctl: .*may have.*\n(rankctl: the rollout stopped .*\n)?$/);
      expect(stderr).not.toMatch(/retry|again/);
    },
  );
});

describe('JSON that passes by', () => {
  let server: LaunchedServer;
  let below: RawPeer;
  let above: RawPeer;
  /** JSON texts that JSON.parse and JSON.stringify change. */
  const texts = [
    '[12345678901234567890,9007199254740993]',
    '1E400',
    '-0',
    '{"z":1.0,"10":2,"2":3}',
    '{"a":1,"a":2}',
    '"\\u0041"',
    '[ 1,  {"value": 2} ]',
  ];

  beforeAll(async () => {
    server = await launchServer(repository, { RANKD_ADMIN_TOKEN: 'boss' });
    above = await RawPeer.connect(server.port);
    above.send({ type: 'hello', name: 'above' });
    await above.next('welcome');
    below = await RawPeer.connect(server.port);
  });
  afterAll(async () => {
    above.destroy();
    below.destroy();
    await server.childProcess.dispose();
  });

  /** Answers the next command for the member below with its own arguments. Returns the frame of the command. */
  async function echoNext(): Promise<string> {
    const frame = await below.next('command');
    const { text } = below.recordOf(frame);
    const args = /"args":(.*?)}$/.exec(text)?.[1] ?? 'null';
    below.sendRaw(`{"type":"result","seq":${String(frame['seq'])},"status":"done","value":${args}}\n`);
    return text;
  }

  it('is sent and printed by attach as it came', async () => {
    const attached = start(server.port, 'attach', '--name', 'me');
    const told = start(server.port, '--json', 'attach', '--name', 'you');
    await Promise.all([attached.says(/joined as me/), told.says(/joined/)]);
    below.send({ type: 'hello', name: 'below' });
    await below.next('welcome');
    for (const text of texts) {
      above.sendRaw(
        `{"type":"command","id":${JSON.stringify(text)},"name":"print","args":${text},"to":{"names":["me","you"]}}\n`,
      );
      await above.next('outcome');
      attached.type(`echo ${text} --to 3`);
      expect(await echoNext()).toContain(`"args":${text}`);
    }
    for (const each of [attached, told]) each.type('/quit');
    const { stdout } = await attached.end();
    const { stdout: json } = await told.end();
    for (const text of texts) {
      expect(stdout).toContain(`above (rank 0) orders print ${text}: done\n`);
      expect(json).toContain(`"args":${text},"status":"done"`);
    }
  });

  it.each(['1E400', `[${texts.join(',')}]`])('is sent and printed by send as it came: %s', async text => {
    const person = start(server.port, 'send', 'echo', text, '--to', '1');
    await echoNext();
    expect((await person.end()).stdout).toContain(` ${text}\n`);
    const program = start(server.port, '--json', 'send', 'echo', `\n ${text}\t`, '--to', '1');
    await echoNext();
    const { stdout } = await program.end();
    expect(stdout).toContain(`"value":${text},`);
    expect(JSON.parse(stdout)).toMatchObject({ done: true });
  });
});
