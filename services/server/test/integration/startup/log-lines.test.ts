import { resolve } from 'node:path';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { eventually, firstSteering, freePort, parseLogLine, ChildProcess, RawPeer } from '@rankd/testkit';

jest.setTimeout(20_000);

const main = resolve(__dirname, '../../../dist/main.js');
const evil = 'x\n\x9b31m\u202e[00:00:00.000] INFO: fake\r\n\x1b[31m\u2028{"event":"fake"}';

let server: ChildProcess;
let port: number;
let peers: RawPeer[];

beforeEach(() => {
  peers = [];
});
afterEach(async () => {
  for (const peer of peers) peer.destroy();
  await server.dispose();
});

async function launch(format: 'json' | 'pretty'): Promise<void> {
  port = await freePort();
  server = new ChildProcess(process.execPath, [main], {
    env: {
      RANKD_PORT: String(port),
      RANKD_HTTP_PORT: '0',
      RANKD_ADMIN_TOKEN: 'admin',
      RANKD_GRACE_MS: '60000',
      RANKD_MEMBERS_MAX: '3',
      RANKD_WAITLIST_MAX: '5',
      LOG_LEVEL: 'debug',
      LOG_FORMAT: format,
    },
  });
  await server.line(line => line.includes('listening for members'));
}

async function say(...messages: readonly object[]): Promise<RawPeer> {
  const peer = await RawPeer.connect(port);
  peers.push(peer);
  peer.send(...messages);
  return peer;
}

/** Causes events with texts that peers can choose. */
async function live(): Promise<void> {
  await Promise.all(
    [{ name: evil }, { group: evil }, { require: [evil] }].map(async hello => {
      const peer = await say({ type: 'hello', ...hello });
      await peer.closed;
    }),
  );
  const [ann, bob, cid] = [await joined('ann'), await joined('bob'), await joined('cid')];
  const admin = await say({ type: 'hello', role: 'observer', token: 'admin', name: 'root' });
  await admin.next('welcome');
  const next = await say({ type: 'hello', name: 'dan' });
  await next.next('waiting');
  admin.send({ type: 'admin', id: '1', action: 'move', member: cid.member, rank: 1 });
  await admin.next('receipt');
  admin.send({ type: 'admin', id: '2', action: 'remove', member: bob.member, reason: evil.slice(0, 40) });
  expect((await bob.peer.next('bye'))['code']).toBe('REMOVED');
  await next.next('welcome');
  cid.peer.reset();
  await ann.peer.barrier();
  const back = await say({ type: 'hello', resume: { member: cid.member, secret: cid.secret } });
  await back.next('welcome');
}

async function joined(name: string): Promise<{ peer: RawPeer; member: string; secret: string }> {
  const peer = await say({ type: 'hello', name });
  const { member, resume } = await peer.next('welcome');
  return { peer, member: String(member), secret: String(resume) };
}

it('pretty: each line begins as a log line of the server, for all names and reasons of peers', async () => {
  await launch('pretty');
  await live();
  await server.line(line => line.includes('cid is back with rank 1 of 3'));
  for (const line of server.lines) expect(line).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] (DEBUG|INFO|WARN): \S/);
  expect(server.lines.filter(line => line.startsWith('[00:00:00.000]'))).toEqual([]);
  expect(firstSteering(server.output)).toBeUndefined();
});

it('json: each new event has its name, its fields and a sentence', async () => {
  await launch('json');
  await live();
  const wanted = ['observer.joined', 'member.waiting', 'member.moved', 'member.away', 'member.resumed'];
  const lines = await eventually(3000, 'all events', () => {
    const parsed = server.lines.map(line => parseLogLine(line) ?? {});
    const found = wanted.map(event => parsed.find(fields => fields['event'] === event));
    return found.includes(undefined) ? undefined : found;
  });
  expect(lines).toEqual([
    expect.objectContaining({ group: 'default', name: 'root', msg: 'root observes group default' }),
    expect.objectContaining({
      position: 1,
      msg: expect.stringMatching(/^session s\d+ waits for a seat in group default, position 1$/),
    }),
    expect.objectContaining({ name: 'cid', rank: 1, promoted: 1, msg: 'cid was moved to rank 1 in group default' }),
    expect.objectContaining({
      name: 'cid',
      rank: 1,
      reason: 'CLOSED',
      msg: expect.stringContaining('its place is kept'),
    }),
    expect.objectContaining({ name: 'cid', rank: 1, slot: 2, msg: 'cid is back with rank 1 of 3 in group default' }),
  ]);
  for (const line of server.lines)
    expect(parseLogLine(line)).toMatchObject({ event: expect.any(String), msg: expect.any(String) });
  expect(firstSteering(server.output)).toBeUndefined();
  const refused = server.lines.map(line => parseLogLine(line)).find(fields => fields?.['code'] === 'UNSUPPORTED');
  expect(refused?.['detail']).toContain(evil);
});
