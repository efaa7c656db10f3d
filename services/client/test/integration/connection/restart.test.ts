import { afterAll, describe, expect, it } from '@jest/globals';
import type { RankChange } from '@rankd/client';
import { eventually, launchRedis, within } from '@rankd/testkit';
import { allSeated, codeOf, DEADLINE_MS, Fleet, next } from '../fleet.js';

const fleet = new Fleet();
afterAll(() => fleet.dispose());

describe('a server that is killed and started again', () => {
  it('is joined again by every member, who are told so; open commands reject with OUTCOME_UNKNOWN', async () => {
    const { port, childProcess: program } = await fleet.server();
    const members = await fleet.joinAll(port, ['ann', 'bob', 'cid']);
    const [ann, bob, cid] = members;
    const executed = next(bob, 'executed');
    const begun = new Promise<void>(begin => {
      bob.handle('wait', async (_, { signal }) => {
        begin();
        await new Promise(resolve => signal.addEventListener('abort', resolve));
      });
    });
    const sheet = ann.command('wait', null, { to: { ranks: [1] }, deadlineMs: 60_000 });
    const results = ann.stream('wait', null, { to: { ranks: [1] }, deadlineMs: 60_000 });
    await expect(cid.command('wait', null, { to: 'below' })).rejects.toMatchObject(codeOf('NO_RECIPIENTS'));
    await within(DEADLINE_MS, 'the command', begun);
    const firstEpoch = ann.fence?.epoch ?? 0;
    const gone = Promise.all(members.map(member => next(member, 'disconnected')));
    const changes: RankChange[] = [];
    for (const member of members) member.on('rank', change => changes.push(change));
    program.kill('SIGKILL');
    await expect(sheet).rejects.toMatchObject(codeOf('OUTCOME_UNKNOWN'));
    await expect(results[Symbol.asyncIterator]().next()).rejects.toMatchObject(codeOf('OUTCOME_UNKNOWN'));
    for (const { error, retryInMs } of await gone) {
      expect(error).toMatchObject(codeOf('NOT_CONNECTED'));
      expect(retryInMs).toBeGreaterThanOrEqual(0);
    }
    expect(members.map(({ rank, size, fence }) => [rank, size, fence])).toEqual(
      Array(3).fill([undefined, undefined, undefined]),
    );
    await fleet.server({ RANKD_PORT: String(port) });
    await allSeated(members);
    // Its seat was not to be had again, so what it was at is called off.
    await expect(executed).resolves.toMatchObject({ command: { name: 'wait' }, status: 'done' });
    expect(members.map(({ rank }) => rank).sort()).toEqual([0, 1, 2]);
    expect(changes.map(({ was }) => was).sort()).toEqual([0, 1, 2]);
    expect(changes.every(({ cause }) => cause.kind === 'joined')).toBe(true);
    const leader = members.find(({ rank }) => rank === 0);
    expect(leader?.fence?.epoch).toBeGreaterThan(firstEpoch);
  });
});

describe('a server with a mirror that is killed and started again', () => {
  it('R-VIEW-6 gives every member its seat back: same member, rank and slot, in a later epoch', async () => {
    const redis = await launchRedis();
    const env = { RANKD_REDIS_URL: redis.url, RANKD_REFORM_MS: '10000' };
    const { port, httpPort, childProcess: program } = await fleet.server(env);
    const members = await fleet.joinAll(port, ['ann', 'bob', 'cid', 'dan']);
    const [ann, bob, cid, dan] = members;
    // Slots and ranks differ from here on.
    await bob.leave();
    await dan.untilRank(2);
    await cid.untilRank(1);
    const before = [ann, cid, dan].map(({ member, rank, slot }) => ({ member, rank, slot }));
    expect(before).toMatchObject([
      { rank: 0, slot: 0 },
      { rank: 1, slot: 2 },
      { rank: 2, slot: 3 },
    ]);
    const { epoch = 0 } = ann.fence ?? {};
    await mirrored(httpPort);
    const ranksTold: RankChange[] = [];
    for (const member of [ann, cid, dan]) member.on('rank', change => ranksTold.push(change));
    const back = Promise.all([ann, cid, dan].map(member => next(member, 'joined')));
    program.kill('SIGKILL');
    await fleet.server({ ...env, RANKD_PORT: String(port) });
    await expect(back).resolves.toMatchObject(before.map(seat => ({ ...seat, resumed: true })));
    expect([ann, cid, dan].map(({ member, rank, slot }) => ({ member, rank, slot }))).toEqual(before);
    expect(ann.fence?.epoch).toBeGreaterThan(epoch);
    expect(ranksTold).toEqual([]);
    await Promise.all([ann, cid, dan].map(member => member.leave()));
    await redis.dispose();
  });
});

/** Resolves once the mirror has the last view. */
async function mirrored(httpPort: number): Promise<void> {
  await eventually(DEADLINE_MS, 'the mirror', async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
    return /^rankd_mirror_up 1$/m.test(metrics) && /^rankd_mirror_lag_views 0$/m.test(metrics) ? true : undefined;
  });
}

describe('a server that goes down in order', () => {
  it('R-BYE-2 is come back to after the time that it asks for', async () => {
    const { port, childProcess: program } = await fleet.server();
    // The first of four is asked to wait for the shortest time.
    const members = await fleet.joinAll(port, ['ann', 'bob', 'cid', 'dan']);
    const [ann] = members;
    const disconnected = next(ann, 'disconnected');
    const connecting = next(ann, 'connecting');
    program.kill('SIGTERM');
    const { error, retryInMs = 0 } = await disconnected;
    const disconnectedMs = performance.now();
    expect(error).toMatchObject({ ...codeOf('DRAINING'), retry: true, retryAfterMs: expect.any(Number) });
    const { retryAfterMs = 0 } = error;
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(retryInMs).toBeGreaterThanOrEqual(retryAfterMs);
    await connecting;
    // A timer may be early by a part of a millisecond.
    expect(performance.now() - disconnectedMs).toBeGreaterThanOrEqual(retryAfterMs - 1);
    await Promise.all(members.map(member => member.leave()));
  });
});
