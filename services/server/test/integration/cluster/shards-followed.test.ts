import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { at, eventually, resumeOf } from '@rankd/testkit';
import { shardOf } from '../../../src/cluster/shard-placement.js';
import { ClusterFixture, GRACE_SERVER_MS, readinessOf } from './cluster-fixture.js';

jest.setTimeout(90_000);

const SHARDS = 16;
/** A server releases a shard 10 s after it last needed it. */
const LET_GO_MS = 40_000;
const WITHIN_MS = 20_000;

let fixture: ClusterFixture;
afterEach(async () => {
  await fixture.dispose();
});

const followedBy = async (index: number): Promise<number> =>
  Number((await readinessOf(fixture.server(index))).cluster['shardsFollowed']);

/** The groups in a server's metrics, which do not make it follow further shards. */
async function groupsAt(index: number): Promise<readonly string[]> {
  const text = await (await fetch(`http://127.0.0.1:${fixture.server(index).httpPort}/metrics`)).text();
  return [...text.matchAll(/^rankd_members\{group="([^"]+)"\} [1-9]/gm)].map(([, group = '']) => group);
}

/** A group that this server does not know yet. There is one unless the server follows all shards. */
async function groupUnknownAt(index: number, groups: readonly string[]): Promise<string> {
  const known = await groupsAt(index);
  const unknown = groups.find(group => !known.includes(group));
  if (unknown === undefined) throw new Error(`server ${index} knows all of ${groups.join(', ')}`);
  return unknown;
}

describe('three servers on sixteen shards', () => {
  it('follow the shards that they need and share the rest; joins, reads and lost members work at every server', async () => {
    fixture = await ClusterFixture.launch(3, { RANKD_SHARDS: String(SHARDS) });
    const groups = Array.from({ length: 24 }, (_, number) => `g${number}`);
    const leaders = await Promise.all(groups.map(async group => await fixture.server(0).join({ group })));
    await eventually(LET_GO_MS, 'released shards', async () =>
      (await Promise.all([1, 2].map(followedBy))).every(count => count < SHARDS) ? true : undefined,
    );
    const shards = new Set(groups.map(group => shardOf(group, SHARDS)));
    expect(await followedBy(0)).toBeGreaterThanOrEqual(shards.size);

    // A member that joins at a server without its group's shard ranks behind the present members.
    const group = await groupUnknownAt(1, groups);
    const second = await fixture.server(1).join({ group });
    expect(second.welcome).toMatchObject({ rank: 1, size: 2 });
    at(leaders, groups.indexOf(group)).peer.send({ type: 'command', id: 'c', name: 'print' });
    const { seq } = await second.peer.next('command');
    second.peer.send({ type: 'result', seq, status: 'done' });
    expect(await at(leaders, groups.indexOf(group)).peer.next('outcome')).toMatchObject({ recipients: 1, done: 1 });

    // A read at any server returns all groups.
    const side = `http://127.0.0.1:${fixture.server(2).httpPort}`;
    const one = (await (await fetch(`${side}/api/groups/${group}`)).json()) as { size: number };
    const all = (await (await fetch(`${side}/api/groups`)).json()) as { groups: { group: string }[] };
    expect([one.size, all.groups.map(each => each.group).sort()]).toEqual([2, [...groups].sort()]);

    // The members of a lost server are away at every server, and resume elsewhere.
    const left = groups.filter(each => each !== group);
    fixture.server(0).childProcess.kill('SIGKILL');
    const back = at(leaders, groups.indexOf(at(left, 0)));
    const again = await fixture.server(2).join({ group: at(left, 0), resume: resumeOf(back) });
    expect(again.welcome).toMatchObject({ member: back.id, rank: 0, resumed: true });
    await second.peer.until(({ type, rank }) => type === 'view' && rank === 0, WITHIN_MS + GRACE_SERVER_MS);
    await eventually(WITHIN_MS + GRACE_SERVER_MS, 'only members that resumed', async () => {
      const known = new Set([...(await groupsAt(1)), ...(await groupsAt(2))]);
      return known.size === 2 && known.has(group) && known.has(at(left, 0)) ? true : undefined;
    });
  });
});
