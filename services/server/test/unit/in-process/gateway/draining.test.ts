import { afterEach, describe, expect, it } from '@jest/globals';
import { at, byeOf, type Joined, numberIn, type RawPeer } from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';

const REFORM_MS = 3000;
/** How often a draining server checks whether it may stop. */
const TICK_MS = 50;

const launched: InProcessServer[] = [];

afterEach(async () => {
  await Promise.all(launched.splice(0).map(server => server.dispose()));
});

/** A server with an open command, which keeps it draining until `end`. */
async function draining(
  before: (server: InProcessServer) => Promise<void> = () => Promise.resolve(),
  env: Readonly<Record<string, string>> = {},
): Promise<{
  server: InProcessServer;
  members: Joined[];
  end: () => void;
}> {
  const server = await InProcessServer.start({
    RANKD_MEMBERS_MAX: '3',
    RANKD_WAITLIST_MAX: '5',
    RANKD_REFORM_MS: String(REFORM_MS),
    RANKD_DRAIN_MS: '30000',
    RANKD_ADMIN_TOKEN: 'admin',
    ...env,
  });
  launched.push(server);
  const members = await server.joinMany(3, 'drained');
  at(members, 0).peer.send({ type: 'command', id: '1', name: 'go', to: { ranks: [1] } });
  const { seq } = await at(members, 1).peer.next('command');
  await before(server);
  server.requestStop();
  await server.event('draining');
  const end = (): void => at(members, 1).peer.send({ type: 'result', seq, status: 'done' });
  return { server, members, end };
}

describe('R-BYE-2 Every session receives bye DRAINING', () => {
  it('sends it to waiting, observing and silent sessions too, each with its own retryAfterMs up to half RANKD_REFORM_MS', async () => {
    const others: RawPeer[] = [];
    const { server, members, end } = await draining(async server => {
      for (const hello of [{ group: 'drained' }, { group: 'drained' }, { role: 'observer' }, { role: 'observer' }]) {
        const peer = await server.connect();
        peer.send({ type: 'hello', ...hello });
        await peer.next();
        others.push(peer);
      }
      others.push(await server.connect());
    });
    end();
    const byes = await Promise.all([...members.map(({ peer }) => peer), ...others].map(byeOf));
    for (const bye of byes) expect(bye).toMatchObject({ code: 'DRAINING', retry: true });
    const delays = byes.map(bye => numberIn(bye, 'retryAfterMs'));
    expect(new Set(delays).size).toBe(byes.length);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...delays)).toBeLessThanOrEqual(REFORM_MS / 2);
    await server.stop();
  });

  it.each([
    { role: 'member', group: 'drained' },
    { role: 'member', group: 'another' },
    { role: 'observer', group: 'drained' },
  ])('rejects a hello of $role to $group from a connection that was opened before', async hello => {
    const early: RawPeer[] = [];
    const { end } = await draining(async server => void early.push(await server.connect()));
    const peer = at(early, 0);
    peer.send({ type: 'hello', ...hello });
    expect(await byeOf(peer)).toMatchObject({ code: 'DRAINING', retry: true });
    expect(peer.frames).toHaveLength(1);
    end();
  });

  it('gives no freed seat to a waiting session, and moves no member for an administrator', async () => {
    const queue: RawPeer[] = [];
    const { members, end } = await draining(async server => {
      const waiting = await server.connect();
      waiting.send({ type: 'hello', group: 'drained' });
      await waiting.next('waiting');
      const { peer } = await server.join({ group: 'drained', token: 'admin', role: 'observer' });
      queue.push(waiting, peer);
    });
    const [waiting, admin] = [at(queue, 0), at(queue, 1)];
    const { peer: leader, id } = at(members, 0);
    for (const action of [
      { action: 'move', member: id, rank: 2 },
      { action: 'remove', member: id },
    ]) {
      admin.send({ type: 'admin', id: 'a', ...action });
      expect(await admin.next('receipt')).toMatchObject({ accepted: false, code: 'DRAINING' });
    }
    leader.send({ type: 'leave' });
    expect(await byeOf(leader)).toMatchObject({ code: 'LEFT' });
    expect(await waiting.awaitUntakenFrames()).toEqual([]);
    expect(await admin.awaitUntakenFrames()).toEqual([]);
    end();
    expect(await byeOf(waiting)).toMatchObject({ code: 'DRAINING' });
    expect(members.flatMap(({ peer }) => peer.frames).filter(({ type }) => type === 'view')).toEqual([]);
  });
});

/** The types of the frames that a peer received after its welcome, without heartbeats. */
const typesOf = (peer: RawPeer): string[] =>
  peer.frames.map(({ type }) => type).filter(type => type !== 'ping' && type !== 'pong' && type !== 'welcome');

describe('R-BYE-2 While it drains, open commands may end, and no member is promoted', () => {
  it('waits at most RANKD_DRAIN_MS for open commands, and not at all for departed recipients', async () => {
    const { server, members } = await draining(undefined, { RANKD_DRAIN_MS: '300' });
    const startedMs = server.time.nowMs();
    expect(await byeOf(at(members, 2).peer)).toMatchObject({ code: 'DRAINING' });
    expect(typesOf(at(members, 0).peer)).toEqual(['receipt', 'bye']);
    await server.stop();
    expect(server.time.nowMs() - startedMs).toBeGreaterThanOrEqual(300);
    expect(server.time.nowMs() - startedMs).toBeLessThanOrEqual(300 + TICK_MS);

    const other = await draining();
    const requestedMs = other.server.time.nowMs();
    at(other.members, 1).peer.destroy();
    expect(await at(other.members, 0).peer.next('outcome')).toMatchObject({ left: 1, recipients: 1 });
    await other.server.stop();
    expect(other.server.time.nowMs() - requestedMs).toBeLessThanOrEqual(TICK_MS);
    expect(other.members.flatMap(({ peer }) => typesOf(peer)).filter(type => type === 'view')).toEqual([]);
  });
});
