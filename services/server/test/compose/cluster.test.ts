import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@rankd/testkit';
import { ComposeProject, engineAnswers } from './compose-project.js';
import { Fleet } from './fleet.js';

const isCi = process.env['CI'] === 'true';
const hasEngine = engineAnswers();
/** An election among sentinels and rejoining the cluster; ten times the duration on an idle machine. */
const FAILOVER_MS = 90_000;
const SERVICES = ['server', 'client', 'redis', 'redis-replica', 'sentinel'];

jest.setTimeout(180_000);

(hasEngine || isCi ? describe : describe.skip)('three servers on one Redis that fails over', () => {
  const project = new ComposeProject(
    'rankd-cluster-test',
    { RANKD_COMMAND_EVERY_MS: '1000', LOG_FORMAT: 'json' },
    { files: ['docker-compose.yml', 'docker-compose.cluster.yml'] },
  );
  const fleets = [1, 2, 3].map(index => new Fleet(project, '', index));
  /** The server with the most members, 1 to 3; it is killed. */
  let victim = 1;
  const isSurvivor = (_: unknown, index: number): boolean => index + 1 !== victim;
  const survivors = (): Fleet[] => fleets.filter(isSurvivor);
  /** Member ids in the order of their ranks. */
  let order: string[] = [];

  /** Waits until these servers report the same order and all members are present. */
  async function agree(asked: readonly Fleet[], deadlineMs: number): Promise<string[]> {
    return await eventually(deadlineMs, 'one order at every server', async () => {
      const rosters = await Promise.all(asked.map(async fleet => await fleet.roster()));
      const told = rosters.map(roster => roster.map(({ member, state }) => `${member} ${state}`).join('\n'));
      const [first = []] = rosters;
      const isOne = new Set(told).size === 1 && first.length === 6 && first.every(({ state }) => state === 'present');
      return isOne ? first.map(({ member }) => member) : undefined;
    });
  }

  /** The lines that a server has logged for this event. */
  async function logged(server: number, event: string): Promise<Record<string, unknown>[]> {
    const lines = (await project.log(`server-${server}`))
      .split('\n')
      .filter(line => line.includes(`"event":"${event}"`));
    return lines.map(line => JSON.parse(line) as Record<string, unknown>);
  }

  /** The lines that these servers have logged for this event, one server after the other. */
  const loggedBy = async (servers: readonly number[], event: string): Promise<Record<string, unknown>[]> =>
    (await Promise.all(servers.map(async server => await logged(server, event)))).flat();

  const primary = async (): Promise<string> =>
    await project.compose(
      'exec',
      '-T',
      'sentinel',
      ...'redis-cli -p 26379 sentinel get-master-addr-by-name rankd'.split(' '),
    );

  beforeAll(async () => {
    await project.compose('down', '-v', '--remove-orphans');
    await project.compose('up', '--build', '--detach', '--scale', 'server=3', '--scale', 'client=6', ...SERVICES);
  }, 600_000);

  afterAll(async () => {
    await project.compose('down', '-v', '--remove-orphans', '--rmi', 'local', '--timeout', '1');
  }, 120_000);

  it('keeps one order at three servers, in streams of Redis, and rankctl shows them', async () => {
    order = await agree(fleets, 60_000);
    expect(await Promise.all(fleets.map(async fleet => await fleet.metric('rankd_servers')))).toEqual([3, 3, 3]);
    expect(await project.redis('HGET', 'rankd:cfg', 'shards')).toEqual(['16']);
    expect(await project.redis('EXISTS', 'rankd:{s00}:log', 'rankd:{s15}:log')).toEqual(['2']);
    const rankctl = await project.compose('exec', '-T', '--index', '2', 'server', 'rankctl', 'servers', '--json');
    const { server, servers } = JSON.parse(rankctl) as { server: string; servers: { id: string; name: string }[] };
    expect(servers).toHaveLength(3);
    const { Config } = (await project.inspect('server-2')) as { Config: { Hostname: string } };
    expect(servers.find(({ id }) => id === server)?.name).toBe(Config.Hostname);
  });

  it('runs Redis and sentinels without root, without capabilities, and on a read-only file system', async () => {
    for (const service of ['redis', 'redis-replica', 'sentinel']) {
      const status = await project.compose('exec', '-T', service, 'cat', '/proc/1/status');
      expect(status).toMatch(/^Uid:\t[1-9]\d*\t/m);
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
      expect(status).toMatch(/^CapBnd:\t0+$/m);
      await expect(project.compose('exec', '-T', service, 'touch', '/written')).rejects.toThrow(
        /[Rr]ead-only file system/,
      );
    }
  });

  it('a killed server: its members are away, connect to the other servers, and keep id and rank', async () => {
    const joined = await Promise.all([1, 2, 3].map(async server => await logged(server, 'member.joined')));
    const counts = joined.map(({ length }) => length);
    victim = counts.indexOf(Math.max(...counts)) + 1;
    const theirs = joined[victim - 1]?.map(({ member }) => member);
    await project.replica('kill', `server-${victim}`);
    await eventually(60_000, 'two servers', async () => {
      const left = await Promise.all(survivors().map(async fleet => await fleet.metric('rankd_servers')));
      return left.every(count => count === 2) ? true : undefined;
    });
    expect(await agree(survivors(), 60_000)).toEqual(order);
    const back = await loggedBy([1, 2, 3].filter(isSurvivor), 'member.resumed');
    expect(back.map(({ member }) => member)).toEqual(expect.arrayContaining(theirs ?? []));
    expect(back.every(({ member, rank }) => order[rank as number] === member)).toBe(true);
    expect(await survivors()[0]?.metric('rankd_members{group="default"}')).toBe(6);
  });

  it('a killed primary: a replica takes its place, and every member keeps its rank', async () => {
    const was = await primary();
    await project.replica('kill', 'redis-1');
    await eventually(FAILOVER_MS, 'a new primary', async () => ((await primary()) !== was ? true : undefined));
    expect(await agree(survivors(), FAILOVER_MS)).toEqual(order);
    const servers = [1, 2, 3].filter(isSurvivor);
    const before = (await loggedBy(servers, 'command.accepted')).length;
    await eventually(60_000, 'commands accepted again', async () =>
      (await loggedBy(servers, 'command.accepted')).length > before ? true : undefined,
    );
    expect((await loggedBy(servers, 'log.down')).length).toBeGreaterThanOrEqual(2);
    expect(await survivors()[0]?.metric('rankd_servers')).toBe(2);
  });

  it('the old primary returns as a replica of the new one', async () => {
    await project.replica('start', 'redis-1');
    await eventually(60_000, 'a replica in sync', async () =>
      (await project.redis('info', 'replication')).some(line => line.startsWith('master_link_status:up'))
        ? true
        : undefined,
    );
    expect(await agree(survivors(), 60_000)).toEqual(order);
  });
});
