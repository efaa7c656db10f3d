import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { join, type Membership } from '@rankd/client';
import { eventually, freePort, type LaunchedServer, launchRedis, launchServer, repository } from '@rankd/testkit';
import { DEADLINE_MS, type Ended, Rankctl } from './rankctl.js';

jest.setTimeout(4 * DEADLINE_MS);

let server: LaunchedServer;
let url = '';
let group = '';
let groups = 0;
const members: Membership[] = [];
const running: Rankctl[] = [];

beforeAll(async () => {
  server = await launchServer(repository, { RANKD_ADMIN_TOKEN: 'boss', RANKD_TOKEN: 'friend' });
  url = `rankd://127.0.0.1:${server.port}`;
});
afterAll(() => server.childProcess.dispose());

afterEach(async () => {
  for (const each of running.splice(0)) each.kill();
  await Promise.all(members.splice(0).map(member => member.leave()));
});

/** Joins members to a new group, in this order. Each executes `go`, fails at `fail`, and never ends `hang`. */
async function fleetOf(...names: string[]): Promise<void> {
  group = `g${(groups += 1)}`;
  for (const name of names) {
    const prepare = (member: Membership): void => {
      member.handle('go', (args: unknown) => args ?? name);
      member.handle('fail', () => {
        throw new Error('no disk');
      });
      member.handle('hang', () => new Promise(() => undefined));
    };
    members.push(await join(url, { group, name, token: 'friend', prepare }));
  }
}

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Rankctl {
  const program = new Rankctl(args, { RANKD_URL: url, RANKD_GROUP: group, RANKD_ADMIN_TOKEN: 'boss', ...env });
  running.push(program);
  return program;
}

const run = (...args: string[]): Promise<Ended> => start(args).end();
const jsonOf = ({ stdout }: Ended): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>;

describe('ls', () => {
  it('prints the roster by rank, without colours and control codes for a program', async () => {
    await fleetOf('ann', 'bob');
    const { code, stdout, stderr } = await run('ls');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^group g\d+ · 2 members · view 2\nRANK {2}NAME .*\n0 \* +ann +leads .*\n1 +bob +present .*\n$/,
    );
    // eslint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/\x1b/);
  });

  it.each(['.', '..'])('prints the roster of a group called %s', async name => {
    members.push(await join(url, { group: name, name: 'ann', token: 'friend' }));
    expect((await run('ls', '--group', name)).stdout).toContain(`group ${name} · 1 member · `);
    expect((await start(['ls'], { RANKD_GROUP: name }).end()).stdout).toMatch(/\n0 \* +ann +leads /);
  });

  it('prints the roster of R-ASK-1 with --json, before or after the verb', async () => {
    await fleetOf('ann');
    const roster = { group, size: 1, members: [{ rank: 0, name: 'ann', state: 'present' }] };
    expect(jsonOf(await run('ls', '--json'))).toMatchObject(roster);
    expect(jsonOf(await run('--json', 'ls'))).toMatchObject(roster);
  });

  it('--watch prints it again at each change, over a session of its own', async () => {
    await fleetOf('ann', 'bob');
    const watch = start(['ls', '--watch']);
    await watch.says(/2 members/);
    await members[0]?.leave();
    await watch.says(/2 members[^]*\n\ngroup \S+ · 1 member · [^]*0 \* +bob/);
  });

  it('--watch --json prints one line for each change', async () => {
    await fleetOf('ann');
    const watch = start(['ls', '--watch', '--json']);
    await watch.says(/\n/);
    members.push(await join(url, { group, name: 'bob', token: 'friend' }));
    await watch.says(/\n.*\n/);
    const sizes = watch.stdout
      .trim()
      .split('\n')
      .map(line => (JSON.parse(line) as { size: number }).size);
    expect(sizes).toEqual([1, 2]);
  });

  it('exits without an error when its reader closes the output', async () => {
    await fleetOf('ann', 'bob');
    // Node gives a child process a socket as its standard output. Nothing more is written.
    for (const args of [
      ['ls', '--watch'],
      ['events', '--json'],
      ['attach', '--group', 'other'],
    ]) {
      const watch = start(args);
      await watch.says(/2 members|connected|joined/);
      watch.child.stdout?.destroy();
      const { code, stderr } = await watch.end();
      expect([args, code, stderr]).toEqual([args, 0, '']);
    }
  });
});

describe('send', () => {
  it('exits with 0 if every recipient is done, and prints their answers', async () => {
    await fleetOf('ann', 'bob');
    const { code, stdout, stderr } = await run('send', 'go', '[12345678901234567890]');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^RANK .*\n0 +ann +done +\d+ ms +\[1234567890123456.*\n1 +bob +done /);
  });

  it('exits with 1 if one failed, and prints which and why', async () => {
    await fleetOf('ann', 'bob');
    const { code, stdout, stderr } = await run('send', 'fail', '--to', '1');
    expect(code).toBe(1);
    expect(stdout).toMatch(/1 +bob +failed +\d+ ms +no disk/);
    expect(stderr).toBe('rankctl: 1 of 1 did not execute fail: bob (rank 1): failed, no disk\n');
  });

  it('exits with 1 if one passed the deadline, and prints that it may have executed the command', async () => {
    await fleetOf('ann');
    const { code, stderr } = await run('send', 'hang', '--deadline', '50');
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('ann (rank 0): expired, no result before the deadline'),
    ]);
  });

  it('exits with 1 if the group has no member', async () => {
    await fleetOf();
    const { code, stdout, stderr } = await run('send', 'go');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      `rankctl: no member can execute go: group ${group} has no members: rankctl groups lists the groups that have members\n`,
    );
  });

  it('exits with 1 if no member has one of the ranks', async () => {
    await fleetOf('ann');
    for (const [to, count] of [
      ['0,7', '1 of 2'],
      ['7-8', '2 of 2'],
    ] as const) {
      const { code, stderr } = await run('send', 'go', '--to', to);
      expect([code, stderr]).toEqual([1, expect.stringContaining(`${count} did not execute go: rank 7: unsent`)]);
    }
  });

  it('prints the same fields with --json', async () => {
    await fleetOf('ann', 'bob');
    expect(jsonOf(await run('send', 'go', '--json'))).toMatchObject({ done: true, recipients: 2 });
    const failed = await run('send', 'fail', '--json');
    expect(failed.code).toBe(1);
    expect(jsonOf(failed)).toMatchObject({
      done: false,
      answers: [{ name: 'ann', status: 'failed', code: 'HANDLER_FAILED', why: 'no disk' }, { name: 'bob' }],
    });
  });

  it.each([
    [['send', 'go', 'hello'], `put a string in quotes, '"hello"'`],
    [['send', 'go', '--to', 'everybody'], 'is not a list of ranks'],
    [['send', 'go', '--deadline', '0'], '--deadline must be a whole number from 1'],
    [['send'], "missing required argument 'NAME'"],
  ])('exits with 2 for invalid arguments: %p', async (args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)]);
  });
});

describe('move and remove', () => {
  it('move gives a member the rank', async () => {
    await fleetOf('ann', 'bob', 'eve');
    const { code, stdout } = await run('move', 'eve', '0');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^eve \(m\w+\) was moved from rank 2 to rank 0\n$/)]);
    expect(jsonOf(await run('move', members[0]?.member ?? '', '2', '--json'))).toMatchObject({
      name: 'ann',
      was: 1,
      rank: 2,
    });
    expect((await run('ls')).stdout).toMatch(/0 \* +eve[^]*1 +bob[^]*2 +ann/);
  });

  it('remove ends the session of a member', async () => {
    await fleetOf('ann', 'bob');
    const closed = new Promise(resolve => members[0]?.once('closed', ({ error }) => resolve(error?.code)));
    const { code, stdout } = await run('remove', 'ann', '--reason', 'disk is failing');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^ann \(m\w+\), which had rank 0, was removed\n$/)]);
    expect(await closed).toBe('REMOVED');
    expect(jsonOf(await run('remove', 'bob', '--json'))).toMatchObject({ name: 'bob', rank: 0 });
  });

  it('reject a name that several members have, and list their ids', async () => {
    await fleetOf('twin', 'twin');
    const { code, stderr } = await run('remove', 'twin');
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/2 members are named twin: use one of their ids: m\w+ \(rank 0\), m/),
    ]);
  });

  it('report an unknown member, and a rank that no member has', async () => {
    await fleetOf('ann');
    const nobody = await run('move', 'eve', '0', '--json');
    expect(nobody.code).toBe(1);
    expect(jsonOf(nobody)).toMatchObject({ error: { code: 'NO_SUCH_TARGET' } });
    expect((await run('move', 'ann', '5')).code).toBe(1);
    expect((await run('move', 'ann', 'first')).code).toBe(2);
  });
});

describe('a variable that no program reads', () => {
  it('is reported on standard error with the name that is meant, and the verb runs', async () => {
    await fleetOf('ann');
    const { code, stdout, stderr } = await start(['ls', '--json'], { RANKD_GRUOP: 'x' }).end();
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ group })]);
    expect(stderr).toBe('rankctl: the variable RANKD_GRUOP is unknown and not read: did you mean RANKD_GROUP?\n');
  });

  it('is not reported by a completion, which shells run at every Tab', async () => {
    const { code, stderr } = await start(['completion', 'bash'], { RANKD_GRUOP: 'x' }).end();
    expect([code, stderr]).toEqual([0, '']);
  });
});

describe('wait', () => {
  it('exits as soon as enough members are present', async () => {
    await fleetOf('ann');
    const waiting = start(['wait', '--members', '2']);
    members.push(await join(url, { group, name: 'bob', token: 'friend' }));
    expect(await waiting.end()).toEqual({ code: 0, stdout: `group ${group} has 2 members\n`, stderr: '' });
    expect(jsonOf(await run('wait', '--members', '1', '--json'))).toMatchObject({ group, present: 2 });
  });

  it('exits with 1 after the timeout', async () => {
    await fleetOf('ann');
    const { code, stderr } = await run('wait', '--members', '2', '--timeout', '1');
    expect([code, stderr]).toEqual([1, 'rankctl: 1 of 2 members are present after 1 s\n']);
  });

  it('reports that no server has ever answered', async () => {
    const { code, stderr } = await start(['wait', '--members', '1', '--timeout', '2'], {
      RANKD_URL: 'rankd://127.0.0.1:1',
    }).end();
    expect([code, stderr]).toEqual([1, expect.stringContaining('no rankd server answers at rankd://127.0.0.1:1')]);
  });
});

describe('why', () => {
  it('prints the last changes and their causes', async () => {
    await fleetOf('ann', 'bob', 'eve');
    await members[0]?.leave();
    const { code, stdout } = await run('why', '--limit', '2');
    expect([code, stdout.split('\n').length]).toEqual([0, 5]);
    expect(stdout).toMatch(/\n\d+s +4 +ann +left: sent leave +0 → gone +2 moved up +2\n\d+s +3 +eve +joined +→ 2 +3\n/);
  });

  it('prints what changed the rank of one member, even after it has left', async () => {
    await fleetOf('ann', 'bob');
    await members[0]?.leave();
    expect((await run('why', 'bob')).stdout).toMatch(
      /^bob \(m\w+\) has rank 0 of 1\n[^]*1 → 0 +ann left: sent leave\n[^]*→ 1 +it joined\n$/,
    );
    expect((await run('why', 'ann')).stdout).toMatch(/^ann \(m\w+\) has left\n[^]*0 → gone +it left: sent leave\n/);
  });

  it('prints the same with --json', async () => {
    await fleetOf('ann', 'bob');
    const cause = { kind: 'joined', name: 'bob' };
    expect(jsonOf(await run('why', '--json'))).toMatchObject({
      size: 2,
      changes: [{ cause, steps: [{ rank: 1 }] }, {}],
    });
    expect(jsonOf(await run('why', 'bob', '--json'))).toMatchObject({
      name: 'bob',
      rank: 1,
      changes: [{ cause, rank: 1 }],
    });
  });
});

describe('attach', () => {
  it('joins, prints changes when they happen, sends the commands that are typed, and leaves', async () => {
    await fleetOf('ann');
    const attached = start(['attach', '--name', 'me']);
    await attached.says(/joined as me, rank 1 of 2/);
    members.push(
      await join(url, { group, name: 'bob', token: 'friend', prepare: bob => void bob.handle('go', () => null) }),
    );
    attached.type('go {"a": 1}');
    await attached.says(/go #\d+: 1 of 1 executed it after \d+ ms/);
    attached.type('go --to 0');
    await attached.says(/only members with a larger rank number may execute your commands/);
    attached.type('/ls');
    await attached.says(/1 +me +present/);
    await members[0]?.command('print', 'hi', { to: { names: ['me'] } });
    await attached.says(/ann \(rank 0\) orders print "hi": done/);
    await members[0]?.leave();
    await attached.says(/rank 1 → 0, you lead of 2: ann left: sent leave/);
    attached.type('/quit');
    // The server has refused one of the commands.
    expect(await attached.end()).toMatchObject({ code: 1, stderr: '' });
  });

  it('leaves at the end of the input, after it has answered every line', async () => {
    await fleetOf('ann');
    const attached = start(['attach', '--json']);
    attached.child.stdin?.end('/ls\nfrob {\n');
    const { code, stdout } = await attached.end();
    const events = stdout
      .trim()
      .split('\n')
      .map(line => (JSON.parse(line) as { event: string }).event);
    expect([code, events.filter(event => event !== 'rank')]).toEqual([1, ['joined', 'roster', 'misunderstood']]);
  });
});

describe('servers', () => {
  it('prints the servers of a cluster, and which of them was asked', async () => {
    const redis = await launchRedis();
    const launched: LaunchedServer[] = [];
    try {
      for (let count = 0; count < 2; count += 1) {
        const env = { RANKD_MODE: 'cluster', RANKD_REDIS_URL: redis.url, RANKD_SHARDS: '1' };
        const more = count === 0 ? {} : { RANKD_ADVERTISED_URL: 'rankds://ranks.example:1' };
        launched.push(await launchServer(repository, { ...env, ...more }));
      }
      const http = `http://127.0.0.1:${launched[1]?.httpPort}`;
      // A server announces its address with a heartbeat, after it has begun to listen.
      const { code, stdout } = await eventually(DEADLINE_MS, 'the addresses', async () => {
        const ended = await run('servers', '--http', http);
        const addresses = [`rankd://127.0.0.1:${launched[0]?.port}`, 'rankds://ranks.example:1'];
        return addresses.every(address => ended.stdout.includes(` ${address} `)) ? ended : undefined;
      });
      expect(code).toBe(0);
      expect(stdout).toMatch(
        /^2 servers · epoch 1 · follows \d+ shards? · current\nSERVER .*\n\S{8} {2,}\S.*\n\S{8} \* .*\n$/,
      );
      const report = jsonOf(await run('servers', '--json', '--http', `${http}/`));
      const [, second] = report['servers'] as { id: string }[];
      expect(report).toMatchObject({ state: 'current', server: second?.id, epoch: 1, lagEntries: 0 });
    } finally {
      await Promise.all(launched.map(async each => await each.childProcess.dispose()));
      await redis.dispose();
    }
  });

  it('reports in one sentence that a server is not in a cluster; it finds the server by RANKD_HTTP_PORT', async () => {
    const { stdout, code } = await start(['servers'], { RANKD_HTTP_PORT: String(server.httpPort) }).end();
    expect([code, stdout]).toEqual([0, 'This server is not in a cluster.\n']);
  });

  it('reports that no server answers, and an invalid URL', async () => {
    const http = `http://127.0.0.1:${await freePort()}`;
    const unanswered = await run('servers', '--http', http);
    expect([unanswered.code, unanswered.stderr]).toEqual([
      1,
      `rankctl: no side port answers at ${http} (connection refused): give its address with --http\n`,
    ]);
    const { code, stderr } = await run('servers', '--http', 'localhost:9464');
    expect([code, stderr]).toEqual([2, 'rankctl: --http "localhost:9464" is not of the form http://host:port\n']);
  });
});

describe('a first use', () => {
  it('reports in one sentence that there is no server', async () => {
    const verbs = [['ls'], ['send', 'go'], ['move', 'a', '0'], ['remove', 'a'], ['why'], ['attach']];
    const ends = await Promise.all(verbs.map(verb => start(verb, { RANKD_URL: 'rankd://127.0.0.1:1' }).end()));
    for (const [at, { code, stdout, stderr }] of ends.entries()) {
      expect([verbs[at], code, stdout]).toEqual([verbs[at], 1, '']);
      expect(stderr).toMatch(
        /^rankctl: no rankd server answers at rankd:\/\/127\.0\.0\.1:1 \(connection refused\): .*\n$/,
      );
    }
    const { code, stderr } = await start(['ls', '--url', 'rankd://127.0.0.1:1,nonsense']).end();
    expect([code, stderr]).toEqual([2, expect.stringContaining('is not of the form rankd://host:port')]);
  });

  it.each([
    ['a wrong token', ['ls', '--token', 'wrong'], /rejects this token/],
    [
      'a token other than the admin token',
      ['move', 'ann', '0', '--token', 'friend'],
      /this request needs the admin token/,
    ],
    ['an unknown verb', ['frob'], /unknown command 'frob'/],
    ['an invalid group', ['ls', '--group', 'a b'], /--group must be 1 to 64/],
  ])('%s', async (_, args, message) => {
    await fleetOf('ann');
    const { code, stderr } = await run(...args);
    expect([code, stderr]).toEqual([
      args[0] === 'frob' || args.includes('a b') ? 2 : 1,
      expect.stringMatching(message),
    ]);
    expect(stderr).not.toMatch(/ at .*\.js:/);
  });

  it('asks for a token if none is set', async () => {
    const program = new Rankctl(['ls', '--json'], { RANKD_URL: url });
    const ended = await program.end();
    expect(ended.code).toBe(1);
    expect(jsonOf(ended)).toMatchObject({ error: { code: 'UNAUTHORIZED' } });
    expect(ended.stderr).toContain('requires a token');
  });

  it.each<[string[], number, 'stdout' | 'stderr']>([
    [[], 2, 'stderr'],
    [['--help'], 0, 'stdout'],
    [['help', 'send'], 0, 'stdout'],
    [['--version'], 0, 'stdout'],
  ])('rankctl %p exits with %d and writes to %s', async (args, code, stream) => {
    const ended = await new Rankctl(args).end();
    expect([ended.code, ended[stream]]).toEqual([code, expect.stringContaining('rankctl')]);
  });
});
