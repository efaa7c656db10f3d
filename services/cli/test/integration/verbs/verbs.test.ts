import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { join, type Membership } from '@rankd/client';
import { ChaosProxy, eventually, type LaunchedServer, launchServer, repository, within } from '@rankd/testkit';
import { DEADLINE_MS } from '../rankctl.js';
import { startVerb, type VerbRun } from './run-verb.js';

jest.setTimeout(4 * DEADLINE_MS);

let server: LaunchedServer;
let url = '';
let group = '';
let groups = 0;
/** The names of the members that have executed a command, in order. */
let executed: string[] = [];
const members: Membership[] = [];
const running: VerbRun[] = [];
/** Members that leave, and join again. */
const restarts = new Set<Promise<unknown>>();

beforeAll(async () => {
  server = await launchServer(repository, { RANKD_ADMIN_TOKEN: 'boss', RANKD_HTTP_TOKEN: 'http' });
  url = `rankd://127.0.0.1:${server.port}`;
});
afterAll(() => server.childProcess.dispose());

afterEach(async () => {
  for (const each of running.splice(0)) each.closeOutput();
  // A member that joins after its test would be in the next test's group.
  await Promise.all(restarts);
  await Promise.all(members.splice(0).map(member => member.leave()));
});

async function joinAs(name: string, tags: Record<string, string> = {}): Promise<Membership> {
  const prepare = (member: Membership): void => {
    member.handle('go', (args: unknown) => {
      executed.push(name);
      return args ?? name;
    });
    member.handle('fail', (args: unknown) => {
      executed.push(name);
      if (args === name) throw new Error('no disk');
    });
    member.handle('restart', () => {
      executed.push(name);
      // The member restarts after its answer. The supervisor starts it again as a new member with the last rank.
      const restarted = sleep(5)
        .then(() => member.leave())
        .then(async () => members.push(await joinAs(name, tags)));
      restarts.add(restarted);
      void restarted.finally(() => restarts.delete(restarted));
    });
  };
  return await join(url, { group, name, tags, prepare });
}

/** Joins members to a new group, in this order. */
async function fleetOf(...names: string[]): Promise<void> {
  group = `v${(groups += 1)}`;
  executed = [];
  for (const name of names) members.push(await joinAs(name, { zone: name < 'c' ? 'eu' : 'us' }));
}

function start(...args: string[]): VerbRun {
  const environment = { RANKD_URL: url, RANKD_GROUP: group, RANKD_ADMIN_TOKEN: 'boss' };
  const run = startVerb(args, environment);
  running.push(run);
  return run;
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
async function run(...args: string[]): Promise<Ended> {
  const { ended, output } = start(...args);
  const code = await within(DEADLINE_MS, args.join(' '), ended);
  return { code, ...output };
}
const jsonOf = ({ stdout }: Ended): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>;
async function says({ output }: VerbRun, what: RegExp): Promise<void> {
  await eventually(DEADLINE_MS, `${String(what)} in ${output.stdout}${output.stderr}`, () =>
    what.test(output.stdout) ? true : undefined,
  );
}

describe('send', () => {
  it('--to name: and tag: reach the members with the name or the tag', async () => {
    await fleetOf('ann', 'bob', 'cid', 'cid');
    expect((await run('send', 'go', '--to', 'name:cid')).code).toBe(0);
    expect(executed).toEqual(['cid', 'cid']);
    expect((await run('send', 'go', '--to', 'tag:zone=eu')).code).toBe(0);
    expect(executed.slice(2).sort()).toEqual(['ann', 'bob']);
  });

  it('--to name: and tag: that match no member are not done', async () => {
    await fleetOf('ann');
    expect(await run('send', 'go', '--to', 'name:zoe')).toMatchObject({
      code: 1,
      stderr: 'rankctl: 1 of 1 did not execute go: zoe: unsent, no member has this id or name\n'.slice(
        'rankctl: '.length,
      ),
    });
    const { code, stderr } = await run('send', 'go', '--to', 'tag:zone=asia');
    expect([code, stderr]).toEqual([
      1,
      `no member can execute go: no member of group ${group} has the tag zone=asia\n`,
    ]);
    expect((await run('send', 'go', '--to', 'tag:zone')).code).toBe(2);
  });
});

describe('rollout', () => {
  it('commands from the last rank up, the leader last, and prints one table', async () => {
    await fleetOf('ann', 'bob', 'cid', 'dan');
    const { code, stdout, stderr } = await run('rollout', 'go', '[10]');
    expect([code, stderr, executed]).toEqual([0, '', ['dan', 'cid', 'bob', 'ann']]);
    expect(stdout).toMatch(
      /^BATCH {2}RANK {2}NAME .*\n1 +3 +dan +done .*\[10\]\n2 +2 +cid +done .*\n3 +1 +bob +done .*\n4 +0 +ann +done .*\n$/,
    );
    const [titles = '', ...rows] = stdout.trim().split('\n');
    expect(rows.map(row => row.indexOf('done'))).toEqual(rows.map(() => titles.indexOf('STATUS')));
  });

  it('commands batches, and the leader in one of its own', async () => {
    await fleetOf('ann', 'bob', 'cid', 'dan', 'eve');
    const ended = await run('rollout', 'go', '--batch', '3', '--json');
    const { answers, ...rest } = jsonOf(ended) as { answers: { batch: number; name: string }[] };
    expect(ended.code).toBe(0);
    expect(rest).toEqual({ done: true, name: 'go', batches: 3, joined: [], left: [], back: [], remaining: [] });
    expect(answers.map(({ batch, name }) => `${batch} ${name}`)).toEqual(['1 cid', '1 dan', '1 eve', '2 bob', '3 ann']);
  });

  it('stops at the first batch that not all have executed, and names the others', async () => {
    await fleetOf('ann', 'bob', 'cid', 'dan');
    const { code, stdout, stderr } = await run('rollout', 'fail', '"cid"');
    expect([code, executed]).toEqual([1, ['dan', 'cid']]);
    expect(stdout).toMatch(/\n2 +2 +cid +failed .* no disk\n$/);
    expect(stderr).toBe(
      '1 of 1 did not execute fail: cid (rank 2): failed, no disk\n' +
        'the rollout stopped after batch 2: 3 members have not confirmed fail: cid (rank 2), bob (rank 1), ann (rank 0)\n',
    );
    const told = await run('rollout', 'none', '--json');
    expect([told.code, jsonOf(told)]).toMatchObject([
      1,
      {
        done: false,
        batches: 1,
        answers: [{ name: 'dan', status: 'refused', code: 'NO_HANDLER' }],
        error: { code: 'NOT_DONE' },
      },
    ]);
    expect((jsonOf(told)['remaining'] as { name: string }[]).map(({ name }) => name)).toEqual([
      'dan',
      'cid',
      'bob',
      'ann',
    ]);
  });

  it('commands who joins, skips who leaves, and says so', async () => {
    await fleetOf('ann', 'bob', 'cid');
    const rollout = start('rollout', 'go', '--pause', '400');
    await says(rollout, /cid +done/);
    await members[1]?.leave();
    members.push(await joinAs('new'));
    expect(await within(DEADLINE_MS, 'the rollout', rollout.ended)).toBe(0);
    expect(executed).toEqual(['cid', 'new', 'ann']);
    expect(rollout.output.stderr).toBe(
      'bob (rank 1) left before its turn: it is skipped\nnew (rank 2) has joined: it is commanded too\n',
    );
  });

  it('restarts a fleet, each member once', async () => {
    await fleetOf('ann', 'bob', 'cid');
    const { code, stderr } = await run('rollout', 'restart', '--pause', '200');
    expect([code, executed]).toEqual([0, ['cid', 'bob', 'ann']]);
    expect(stderr).toMatch(/^cid \(rank 2\) is back, and has executed the command before: .*\nbob \(rank 2\) is back/);
  });

  it('is not done if no member can execute it', async () => {
    await fleetOf();
    const { code, stderr } = await run('rollout', 'go');
    expect([code, stderr]).toEqual([
      1,
      `no member can execute go: group ${group} has no members: rankctl groups lists the groups that have members\n`,
    ]);
    await fleetOf('ann');
    const refused = await run('rollout', 'go', '--token', 'x', '--json');
    expect([refused.code, jsonOf(refused)]).toMatchObject([
      1,
      { done: false, batches: 1, error: { code: 'FORBIDDEN' } },
    ]);
    expect(executed).toEqual([]);
  });

  it.each([
    [['rollout'], "missing required argument 'NAME'"],
    [['rollout', 'go', '{'], '{ is not JSON'],
    [['rollout', 'go', '--batch', '0'], '--batch must be a whole number from 1 to 100'],
    [['rollout', 'go', '--batch', '101'], '--batch must be a whole number from 1 to 100'],
    [['rollout', 'go', '--pause', '1s'], '--pause must be a whole number from 0'],
    [['rollout', 'no name'], 'NAME must be a string of 1 to 64'],
    [['ping', '--count', '0'], '--count must be a whole number from 1'],
    [['ping', '--interval', '19'], '--interval must be a whole number from 20'],
    [['ls', '--format', '{x}'], '{x} is unknown'],
    [['wait'], 'give exactly one of'],
    [['groups', '--http', 'localhost'], '--http "localhost" is not of the form http://host:port'],
  ])('usage: %j', async (args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)]);
  });
});

describe('wait', () => {
  it('--gone, --leader and --rank end when they hold', async () => {
    await fleetOf('ann', 'bob');
    const gone = start('wait', '--gone', 'ann');
    await members[0]?.leave();
    expect([await gone.ended, gone.output.stdout]).toEqual([0, `group ${group} has no member ann\n`]);
    const third = start('wait', '--rank', '1', '--json');
    members.push(await joinAs('cid'));
    expect([await third.ended, JSON.parse(third.output.stdout)]).toEqual([
      0,
      { group, view: 4, size: 2, present: 2, leader: { member: members[1]?.member, name: 'bob' } },
    ]);
    expect(await run('wait', '--leader')).toEqual({ code: 0, stdout: `bob leads group ${group}\n`, stderr: '' });
    const late = await run('wait', '--gone', 'bob', '--timeout', '1');
    expect(late).toEqual({ code: 1, stdout: '', stderr: 'bob still has rank 0 after 1 s\n' });
  });
});

describe('ping', () => {
  it('prints the round trips, and their extremes', async () => {
    await fleetOf('ann');
    const { code, stdout } = await run('ping', '--count', '3', '--interval', '20');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^(answer \d from server \S+ after \d+\.\d\d ms\n){3}3 sent, 3 answered, round trip min\/avg\/max (\d+\.\d\d\/?){3} ms\n$/,
    );
    const { minMs, avgMs, maxMs, roundTripsMs, ...rest } = jsonOf(await run('ping', '-c', '2', '-i', '20', '--json'));
    expect(rest).toMatchObject({ url, sent: 2, answered: 2 });
    const times = roundTripsMs as number[];
    expect([minMs, maxMs, times.length]).toEqual([Math.min(...times), Math.max(...times), 2]);
    expect(avgMs).toBeCloseTo(((times[0] ?? 0) + (times[1] ?? 0)) / 2, 2);
  });

  it('fails if no ping was answered, and if the session ends first', async () => {
    await fleetOf('ann');
    const proxy = await ChaosProxy.open(server.port);
    try {
      const slow = start('ping', '-c', '20', '-i', '20', '--timeout', '50', '--url', `rankd://127.0.0.1:${proxy.port}`);
      await says(slow, /answer 1 /);
      proxy.treat('toClient', 'drop');
      await says(slow, /no answer \d+ within 50 ms/);
      expect(await slow.ended).toBe(0);
      const dead = await run('ping', '--url', 'rankd://127.0.0.1:1');
      expect([dead.code, dead.stderr]).toEqual([1, expect.stringContaining('no rankd server answers')]);
    } finally {
      await proxy.dispose();
    }
  });
});

describe('groups', () => {
  it('prints the groups of the server, which requires the token of the side port', async () => {
    await fleetOf('ann', 'bob');
    const http = `http://127.0.0.1:${server.httpPort}`;
    const environment = { RANKD_URL: url, RANKD_HTTP_PORT: String(server.httpPort) };
    const before = { ...process.env };
    Object.assign(process.env, environment);
    try {
      const refused = await run('groups', '--http', http);
      expect([refused.code, refused.stderr]).toEqual([
        1,
        `the side port at ${http} requires its token: set RANKD_HTTP_TOKEN or RANKD_HTTP_TOKEN_FILE\n`,
      ]);
      process.env['RANKD_HTTP_TOKEN'] = 'http';
      const { code, stdout } = await run('groups');
      expect([code, stdout]).toEqual([
        0,
        expect.stringMatching(new RegExp(`^1 group\nGROUP .*\n${group} +2/100 +0 +ann +2 +\\d+\n$`)),
      ]);
      expect(jsonOf(await run('groups', '--json'))).toMatchObject({
        groups: [{ group, size: 2, leader: { name: 'ann' } }],
      });
    } finally {
      process.env = before;
    }
  });
});

describe('a group without members', () => {
  it.each([
    ['ls', 0],
    ['why', 0],
    ['why ann', 1],
    ['move ann 0', 1],
    ['remove ann', 1],
    ['send go', 1],
    ['send go --to name:ann', 1],
    ['send go --to 0', 1],
    ['rollout go', 1],
    ['wait --leader --timeout 1', 1],
    ['wait --members 2 --timeout 1', 1],
  ])('%s names rankctl groups, because the name of the group may be wrong', async (verb, expected) => {
    await fleetOf();
    const { code, stdout, stderr } = await run(...verb.split(' '));
    expect([code, (expected === 0 ? stdout : stderr).trim()]).toEqual([
      expected,
      expect.stringMatching(
        /(group v\d+ has no members: |has no members\. )rankctl groups lists the groups that have members\.?$/,
      ),
    ]);
  });

  it('prints nothing where only data is expected', async () => {
    await fleetOf();
    for (const args of [
      ['ls', '-q'],
      ['ls', '--format', '{name}'],
      ['ls', '--format', 'json'],
    ]) {
      const { code, stdout, stderr } = await run(...args);
      expect([args, code, stdout, stderr]).toEqual([args, 0, '', '']);
    }
  });

  it('is not meant where members have other names', async () => {
    await fleetOf('ann');
    for (const verb of ['move bob 0', 'send go --to name:bob', 'send go --to 7', 'wait --rank 7 --timeout 1']) {
      const { code, stderr } = await run(...verb.split(' '));
      expect([verb, code, stderr]).toEqual([verb, 1, expect.not.stringContaining('rankctl groups')]);
    }
  });
});

describe('events', () => {
  const eventsOf = ({ output }: VerbRun): Record<string, unknown>[] =>
    output.stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>);

  it('prints each change, without joining, until its reader ends', async () => {
    await fleetOf('ann');
    const [person, program] = [start('events'), start('events', '--json')];
    await Promise.all([says(person, /watching group/), says(program, /connected/)]);
    members.push(await joinAs('bob'));
    await run('move', 'bob', '0');
    await members[0]?.leave();
    await Promise.all([says(person, /ann left/), says(program, /"left"/)]);
    const words = person.output.stdout
      .trim()
      .split('\n')
      .map(line => line.replace(/^\S+Z {2}/, ''));
    expect(words).toEqual([
      `watching group ${group} from view 1: 1 member, ann leads`,
      'bob joined (rank 1 of 2)',
      'bob was moved by an administrator (rank 1 → 0 of 2); bob leads',
      'ann left: sent leave (had rank 1, 1 remain)',
    ]);
    const bob = { member: members[1]?.member, name: 'bob' };
    expect(eventsOf(program)).toMatchObject([
      { event: 'connected', group, view: 1, size: 1, leader: { name: 'ann' } },
      { event: 'joined', group, view: 2, ...bob, rank: 1, size: 2, leader: { name: 'ann' } },
      { event: 'moved', group, view: 3, ...bob, was: 1, rank: 0, leader: bob, leads: true },
      { event: 'left', group, view: 4, name: 'ann', was: 1, size: 1, reason: 'LEFT', leader: bob },
    ]);
    for (const each of [person, program]) each.closeOutput();
    expect([await person.ended, await program.ended]).toEqual([0, 0]);
  });

  it('prints every change of a burst once and in order', async () => {
    await fleetOf('ann');
    const program = start('events', '--json');
    await says(program, /connected/);
    const many = await Promise.all(Array.from({ length: 40 }, (_, at) => joinAs(`w${at}`)));
    await Promise.all(many.map(member => member.leave()));
    await says(program, /"view":81,/);
    const views = eventsOf(program)
      .slice(1)
      .map(({ view }) => view);
    expect(views).toEqual(Array.from({ length: 80 }, (_, at) => at + 2));
  });

  it('continues after a lost connection with what has changed since', async () => {
    await fleetOf('ann');
    const proxy = await ChaosProxy.open(server.port);
    try {
      const program = start('events', '--json', '--url', `rankd://127.0.0.1:${proxy.port}`);
      await says(program, /connected/);
      proxy.reset();
      members.push(await joinAs('bob'), await joinAs('cid'));
      await says(program, /"name":"cid"/);
      members.push(await joinAs('dan'));
      await says(program, /"name":"dan"/);
      const all = eventsOf(program).map(({ event, name }) =>
        `${String(event)} ${typeof name === 'string' ? name : ''}`.trim(),
      );
      expect(all).toEqual(['connected', 'disconnected', 'connected', 'joined bob', 'joined cid', 'joined dan']);
    } finally {
      await proxy.dispose();
    }
  });

  it('ends with the reason if no retry can succeed', async () => {
    await fleetOf('ann');
    const { code, stdout, stderr } = await run('events', '--token', 'x'.repeat(257));
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining('the token must be')]);
  });
});
