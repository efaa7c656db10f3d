import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import {
  at,
  byeOf,
  ChildProcess,
  type LaunchedRedis,
  launchRedis,
  parseLogLine,
  ProcessServer,
  type RawPeer,
  repository,
} from '@rankd/testkit';

jest.setTimeout(40_000);

/** Part of every secret, and of every payload. */
const SECRET = 'S3CR3T';
const PAYLOAD = 'PAYL0AD';
const FRAME_BYTES_MAX = 8192;

let redis: LaunchedRedis;
let server: ProcessServer;

beforeAll(async () => {
  redis = await launchRedis({ args: ['--requirepass', 'another'] });
  server = await ProcessServer.launch({
    RANKD_TOKEN: `${SECRET}-token`,
    RANKD_ADMIN_TOKEN: `${SECRET}-admin`,
    RANKD_HTTP_TOKEN: `${SECRET}-http`,
    RANKD_REDIS_URL: `redis://user:${SECRET}-redis@127.0.0.1:${redis.port}`,
    RANKD_HELLO_TIMEOUT_MS: '300',
    RANKD_FRAME_BYTES_MAX: String(FRAME_BYTES_MAX),
    RANKD_COMMANDS_OPEN_MAX: '2',
    RANKD_COMMANDS_PER_SECOND: '20',
    // The order begins without Redis after the longer of the first two.
    RANKD_REFORM_MS: '0',
    RANKD_SUSPEND_MS: '1000',
    RANKD_HEARTBEAT_MS: '500',
    LOG_LEVEL: 'trace',
  });
  await server.event('mirror.given-up');
});
afterAll(async () => {
  await server.dispose();
  await redis.dispose();
});

const hello = (fields: object = {}): object => ({ type: 'hello', token: `${SECRET}-token`, ...fields });
const line = (frame: object): string => `${JSON.stringify(frame)}\n`;

const refused: readonly (readonly [string, string])[] = [
  ['UNAUTHORIZED', line(hello({ token: `${SECRET}-wrong` }))],
  ['BAD_FRAME', `{"type":"hello","token":"${SECRET}-token"\n`],
  ['BAD_FRAME', `{"type":"hello","token":"${SECRET}-token","__proto__":"${PAYLOAD}"}\n`],
  ['BAD_MESSAGE', line(hello({ token: SECRET.repeat(60) }))],
  ['BAD_MESSAGE', line(hello({ resume: { member: 'm1', secret: [SECRET] } }))],
  ['HELLO_EXPECTED', line({ type: 'command', id: '1', name: 'print', args: PAYLOAD })],
  ['UNSUPPORTED', line(hello({ protocol: 2 }))],
  ['FRAME_TOO_LARGE', line(hello({ pad: PAYLOAD.repeat(1000) }))],
  ['HELLO_TIMEOUT', `{"type":"hello","token":"${SECRET}-token"`],
];

/** A member makes every mistake with commands and results. Returns the codes that it received. */
async function goWrong(leader: RawPeer, member: RawPeer): Promise<unknown[]> {
  const command = (fields: object): object => ({ type: 'command', name: 'print', args: PAYLOAD, ...fields });
  member.send(
    command({ id: 'up', to: { ranks: [0] } }),
    command({ id: 'nobody' }),
    command({ id: 'long', args: PAYLOAD.repeat(1040) }),
    { type: 'result', seq: 1_000_000, status: 'done', value: PAYLOAD },
    { type: 'admin', id: 'no', action: 'remove', member: 'm1' },
  );
  leader.send(command({ id: '1' }), command({ id: '1' }), command({ id: '2' }), command({ id: '3' }));
  const first = await member.next('command');
  member.send(
    { type: 'result', seq: first['seq'], status: 'failed', value: PAYLOAD, error: { code: 'X', message: PAYLOAD } },
    { type: 'result', seq: first['seq'], status: 'done', value: PAYLOAD },
  );
  await member.until(({ type, code }) => type === 'error' && code === 'LATE_RESULT');
  await leader.next('outcome');
  await leader.barrier();
  return [...leader.frames, ...member.frames].flatMap(({ code }) => code ?? []);
}

it('no secret and no payload is in any log line at the finest level, also after errors', async () => {
  for (const [code, bytes] of refused) {
    const peer = await server.connect();
    peer.sendRaw(bytes);
    expect(await byeOf(peer)).toMatchObject({ code });
  }
  const joining = hello({ resume: { member: 'm0', secret: `${SECRET}-of-no-seat` } });
  const [leader, member] = [await server.join(joining), await server.join(joining)];
  expect(await goWrong(leader.peer, member.peer)).toEqual(
    expect.arrayContaining([
      ...['OUTRANKED', 'NO_RECIPIENTS', 'PAYLOAD_TOO_LARGE', 'UNEXPECTED_RESULT', 'FORBIDDEN'],
      ...['DUPLICATE_ID', 'TOO_MANY_OPEN', 'LATE_RESULT'],
    ]),
  );
  member.peer.send(hello());
  expect(await byeOf(member.peer)).toMatchObject({ code: 'BAD_MESSAGE' });
  for (const authorization of [`Bearer ${SECRET}-wrong`, SECRET]) {
    const { status } = await fetch(`http://127.0.0.1:${server.httpPort}/ranks?token=${SECRET}`, {
      headers: { authorization },
    });
    expect(status).toBe(401);
  }
  expect((await server.childProcess.event('mirror.down'))['reason']).toContain('WRONGPASS');
  server.childProcess.kill('SIGTERM');
  await server.exited(10_000);

  const events = server.childProcess.lines.map(each => parseLogLine(each)?.['event']);
  expect(events).toEqual(
    expect.arrayContaining(['session.refused', 'session.closed', 'command.refused', 'command.outcome']),
  );
  expect(at(server.childProcess.lines, -1)).toContain('stopped');
  // The server creates the secrets of seats itself.
  const seats = [leader, member].map(({ welcome }) => String(welcome['resume']));
  for (const hidden of [SECRET, PAYLOAD, ...seats]) expect(server.childProcess.output).not.toContain(hidden);
});

it('no secret is in the log lines of the client container', async () => {
  const own = await ProcessServer.launch({ RANKD_TOKEN: 'right' });
  const dist = resolve(repository, 'services/client/dist');
  const container = new ChildProcess(process.execPath, [resolve(dist, 'main.js')], {
    cwd: dist,
    env: { RANKD_URL: `rankd://127.0.0.1:${own.port}`, RANKD_TOKEN: `${SECRET}-wrong`, LOG_LEVEL: 'trace' },
  });
  try {
    await container.event('failed');
    expect(container.output).not.toContain(SECRET);
  } finally {
    await container.dispose();
    await own.dispose();
  }
});
