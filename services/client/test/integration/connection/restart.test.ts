import { afterAll, describe, expect, it } from '@jest/globals';
import type { RankChange } from '@rankd/client';
import { eventually, launchRedis } from '@rankd/testkit';
import { DEADLINE_MS, Fleet, next } from '../fleet.js';

const fleet = new Fleet();
afterAll(() => fleet.dispose());

describe('a server with a mirror that is killed and started again', () => {
  it('R-VIEW-6 gives every member its seat again: same member, rank and slot, in a later epoch', async () => {
    const redis = await launchRedis();
    const env = { RANKD_REDIS_URL: redis.url, RANKD_REFORM_MS: '10000' };
    const { port, httpPort, childProcess: program } = await fleet.server(env);
    const members = await fleet.joinAll(port, ['ann', 'bob', 'cid', 'dan']);
    const [ann, bob, cid, dan] = members;
    // From here on slots and ranks differ.
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

/** Resolves when the mirror has the last view. */
async function mirrored(httpPort: number): Promise<void> {
  await eventually(DEADLINE_MS, 'the mirror', async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
    return /^rankd_mirror_up 1$/m.test(metrics) && /^rankd_mirror_lag_views 0$/m.test(metrics) ? true : undefined;
  });
}
