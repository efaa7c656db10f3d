import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { at, eventually, resumeOf } from '@rankd/testkit';
import { shardOf } from '../../../src/cluster/shard-placement.js';
import { ClusterFixture, GRACE_SERVER_MS, readinessOf } from './cluster-fixture.js';

jest.setTimeout(90_000);

const SHARDS = 16;
/** A shard that nobody needs is let go of after 10 s. */
const LET_GO_MS = 40_000;
const WITHIN_MS = 20_000;

let fixture: ClusterFixture;
afterEach(async () => {
  await fixture.dispose();
});

const followedBy = async (index: number): Promise<number> =>
  Number((await readinessOf(fixture.server(index))).cluster['shardsFollowed']);

/** Which groups a server lists without anybody having looked there: as its metrics have them. */
async function groupsAt(index: number): Promise<readonly string[]> {
  const text = await (await fetch(`http://127.0.0.1:${fixture.server(index).httpPort}/metrics`)).text();
  return [...text.matchAll(/^rankd_members\{group="([^"]+)"\} [1-9]/gm)].map(([, group = '']) => group);
}

/** A group that only its own server knows of; there is one unless a server follows everything. */
async function groupUnknownAt(index: number, groups: readonly string[]): Promise<string> {
  const known = await groupsAt(index);
  const unknown = groups.find(group => !known.includes(group));
  if (unknown === undefined) throw new Error(`server ${index} knows of all of ${groups.join(', ')}`);
  return unknown;
}

describe('three servers on sixteen shards', () => {
  it('follow what they need and keep the rest between them; whoever comes, looks or is left behind finds what stands', async () => {
    fixture = await ClusterFixture.launch(3, { RANKD_SHARDS: String(SHARDS) });
    const groups = Array.from({ length: 24 }, (_, number) => `g${number}`);
    const leaders = await Promise.all(groups.map(async group => await fixture.server(0).join({ group })));
    await eventually(LET_GO_MS, 'shards let go of', async () =>
      (await Promise.all([1, 2].map(followedBy))).every(count => count < SHARDS) ? true : undefined,
    );
    const shards = new Set(groups.map(group => shardOf(group, SHARDS)));
    expect(await followedBy(0)).toBeGreaterThanOrEqual(shards.size);

    // Whoever comes to a server that has not followed its group so far stands behind those who are there.
    const group = await groupUnknownAt(1, groups);
    const second = await fixture.server(1).join({ group });
    expect(second.welcome).toMatchObject({ rank: 1, size: 2 });
    at(leaders, groups.indexOf(group)).peer.send({ type: 'command', id: 'c', name: 'print' });
    const { seq } = await second.peer.next('command');
    second.peer.send({ type: 'result', seq, status: 'done' });
    expect(await at(leaders, groups.indexOf(group)).peer.next('outcome')).toMatchObject({ recipients: 1, done: 1 });

    // Whoever looks sees all of them, at any server.
    const side = `http://127.0.0.1:${fixture.server(2).httpPort}`;
    const one = (await (await fetch(`${side}/api/groups/${group}`)).json()) as { size: number };
    const all = (await (await fetch(`${side}/api/groups`)).json()) as { groups: { group: string }[] };
    expect([one.size, all.groups.map(each => each.group).sort()]).toEqual([2, [...groups].sort()]);

    // Whom a lost server leaves behind is away everywhere, and comes back elsewhere.
    const left = groups.filter(each => each !== group);
    fixture.server(0).childProcess.kill('SIGKILL');
    const back = at(leaders, groups.indexOf(at(left, 0)));
    const again = await fixture.server(2).join({ group: at(left, 0), resume: resumeOf(back) });
    expect(again.welcome).toMatchObject({ member: back.id, rank: 0, resumed: true });
    await second.peer.until(({ type, rank }) => type === 'view' && rank === 0, WITHIN_MS + GRACE_SERVER_MS);
    await eventually(WITHIN_MS + GRACE_SERVER_MS, 'nobody but who came back', async () => {
      const known = new Set([...(await groupsAt(1)), ...(await groupsAt(2))]);
      return known.size === 2 && known.has(group) && known.has(at(left, 0)) ? true : undefined;
    });
  });
});
