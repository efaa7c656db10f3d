import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import type { CommandResult, CommandOptions, Json, Membership, Target } from '@rankd/client';
import { type FleetServer, InProcessFleet } from '@rankd/testkit/in-process';
import { codeOf, DEADLINE_MS, timedIt } from './fixture.js';

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let server: FleetServer;

beforeAll(async () => {
  server = await fleet.server();
});
afterAll(() => fleet.dispose());

/** Three members of a new group, by rank. */
async function trio(): Promise<[Membership, Membership, Membership]> {
  return fleet.joinAll(server.port, ['ann', 'bob', 'cid'], { group: fleet.newGroup() });
}

async function never(): Promise<never> {
  return new Promise(() => undefined);
}

describe('a command to subordinates', () => {
  it('R-CMD-7 resolves with a sheet on which every recipient is done', async () => {
    const [ann, bob, cid] = await trio();
    const heard: unknown[] = [];
    bob.handle('print', (args, { from }) => heard.push(['bob', args, from]));
    cid.handle('print', (args, { from }) => heard.push(['cid', args, from]));
    const sheet = await ann.command('print', { text: 'hi' });
    expect(sheet).toMatchObject({ recipients: 2, done: 2, missing: [], outranked: [] });
    expect([sheet.all('done'), sheet.all('failed')]).toEqual([true, false]);
    const from = { member: ann.member, rank: 0, name: 'ann' };
    expect(heard.sort()).toEqual([
      ['bob', { text: 'hi' }, from],
      ['cid', { text: 'hi' }, from],
    ]);
  });

  it('R-CMD-7 lists the recipients that are not done: one without a handler, one whose handler failed', async () => {
    const [ann, bob, cid] = await trio();
    bob.handle('print', () => Promise.reject(new Error('no paper')));
    const sheet = await ann.command('print');
    expect(sheet).toMatchObject({ recipients: 2, done: 0, failed: 1, refused: 1 });
    expect(sheet.missing).toEqual([
      { member: bob.member, rank: 1, name: 'bob', status: 'failed', code: 'HANDLER_FAILED' },
      { member: cid.member, rank: 2, name: 'cid', status: 'refused', code: 'NO_HANDLER' },
    ]);
    expect(sheet.all('done')).toBe(false);
  });

  it('R-CMD-6 has each result with `reply: each`: status, value, error and ms, by rank', async () => {
    const [ann, bob, cid] = await trio();
    bob.handle('print', async () => {
      await fleet.time.pass(30);
      return { pages: 2 };
    });
    cid.handle('print', () => Promise.reject(new Error('no paper')));
    const sheet = await ann.command('print', null, { reply: 'each' });
    const error = { code: 'HANDLER_FAILED', message: 'no paper' };
    expect(sheet.results).toEqual([
      {
        ...{ from: { member: bob.member, rank: 1, name: 'bob' }, status: 'done', value: { pages: 2 } },
        ...{ error: undefined, ms: expect.any(Number) },
      },
      {
        ...{ from: { member: cid.member, rank: 2, name: 'cid' }, status: 'failed', value: undefined },
        ...{ error, ms: expect.any(Number) },
      },
    ]);
    expect(sheet.results[0]?.ms).toBeGreaterThanOrEqual(30);
    const counts = await ann.command('print', null, { reply: 'outcome' });
    expect([counts.results, counts.missing.length]).toEqual([[], 1]);
  });

  it('R-CMD-1 has the deadline that applied, reduced by the server', async () => {
    const [ann, bob, cid] = await trio();
    for (const member of [bob, cid]) member.handle('print', () => null);
    expect((await ann.command('print', null, { deadlineMs: 86_400_000 })).deadlineMs).toBe(60_000);
    expect((await ann.command('print', null, { deadlineMs: 900 })).deadlineMs).toBe(900);
    expect((await ann.command('print')).deadlineMs).toBe(5000);
  });

  it.each(['none', 'all', 1] as unknown as [['none'], ['all'], [number]])(
    'rejects the reply %j with BAD_ARGUMENT',
    async reply => {
      const [ann] = await trio();
      const options = { reply } as unknown as CommandOptions;
      await expect(ann.command('print', null, options)).rejects.toMatchObject(codeOf('BAD_ARGUMENT'));
      const results = ann.stream('print', null, options)[Symbol.asyncIterator]();
      await expect(results.next()).rejects.toMatchObject({
        ...codeOf('BAD_ARGUMENT'),
        message: expect.stringContaining('reply'),
      });
    },
  );

  it('R-CMD-6 streams each result when it arrives, with its value or its error, and ends', async () => {
    const [ann, bob, cid] = await trio();
    // The result of cid can arrive before bob's handler has started, so the promise exists before the command is sent.
    let finish: () => void = () => undefined;
    const finished = new Promise<void>(resolve => (finish = resolve));
    bob.handle('print', async () => {
      await finished;
      return { pages: 2 };
    });
    cid.handle('print', () => Promise.reject(new Error('no paper')));
    const results: CommandResult[] = [];
    for await (const result of ann.stream('print')) {
      results.push(result);
      finish();
    }
    const error = { code: 'HANDLER_FAILED', message: 'no paper' };
    expect(results).toMatchObject([
      { from: { name: 'cid', rank: 2 }, status: 'failed', error },
      { from: { name: 'bob', rank: 1 }, status: 'done', value: { pages: 2 } },
    ]);
  });

  it('R-CMD-7 expires at its deadline, and aborts the signal of the handler', async () => {
    const [ann, bob, cid] = await trio();
    const aborted = new Promise(resolve => {
      bob.handle('print', (_, { signal }) => {
        signal.addEventListener('abort', resolve);
        return never();
      });
    });
    cid.handle('print', () => 1);
    const sheet = await ann.command('print', null, { deadlineMs: 150 });
    expect(sheet).toMatchObject({ done: 1, expired: 1, missing: [{ name: 'bob', status: 'expired' }] });
    expect(sheet.ms).toBe(150);
    await fleet.time.within(DEADLINE_MS, 'abort', aborted);
  });

  it('R-CMD-7 lists a recipient that left before it answered', async () => {
    const [ann, bob, cid] = await trio();
    const arrived = new Promise<void>(resolve => {
      bob.handle('print', () => {
        resolve();
        return never();
      });
    });
    cid.handle('print', () => 1);
    const sheet = ann.command('print');
    await arrived;
    await bob.leave();
    await expect(sheet).resolves.toMatchObject({ done: 1, left: 1, missing: [{ name: 'bob', status: 'left' }] });
  });

  it('R-CMD-1 reaches the members that its ranks, ids, names and tags select, and no others', async () => {
    const [ann, bob, cid] = await trio();
    const dan = await fleet.join(server.port, { group: ann.group ?? '', name: 'dan', tags: { zone: 'a' } });
    const heard: string[] = [];
    for (const member of [bob, cid, dan]) member.handle('print', () => heard.push(member.name ?? ''));
    for (const to of [{ ranks: [1] }, { members: [cid.member ?? ''] }, { names: ['bob'] }, { tags: { zone: 'a' } }]) {
      await expect(ann.command('print', null, { to })).resolves.toMatchObject({ recipients: 1, done: 1 });
    }
    expect(heard).toEqual(['bob', 'cid', 'bob', 'dan']);
  });
});

describe('a command to a superior', () => {
  it('R-CMD-2 rejects with OUTRANKED and reaches no member', async () => {
    const [ann, bob, cid] = await trio();
    const heard: string[] = [];
    const aims: Target[] = [{ ranks: [0] }, { ranks: [1] }, { names: ['ann', 'bob'] }, 'all'];
    for (const member of [ann, bob, cid]) member.handle('print', () => heard.push(member.name ?? ''));
    for (const to of aims) {
      await expect(cid.command('print', null, { to })).rejects.toMatchObject(codeOf('OUTRANKED'));
    }
    // Commands arrive in order, so the first one would have been executed before this one.
    await ann.command('print');
    expect(heard.sort()).toEqual(['bob', 'cid']);
  });

  it('R-CMD-2 is refused for each superior, and executed by the subordinates', async () => {
    const [ann, bob, cid] = await trio();
    cid.handle('print', () => 1);
    const sheet = await bob.command('print', null, { to: 'all' });
    expect(sheet).toMatchObject({ recipients: 1, done: 1, outrankedCount: 1 });
    expect(sheet.outranked).toEqual([{ member: ann.member, rank: 0, name: 'ann', code: 'OUTRANKED' }]);
    expect([sheet.unsent, sheet.all('done')]).toEqual([[], true]);
  });

  it('R-CMD-3 is not all done if a target got no command: a superior, or a rank, name or id of no member', async () => {
    const [ann, bob, cid] = await trio();
    cid.handle('print', () => 1);
    const refused = { member: ann.member, rank: 0, name: 'ann', code: 'OUTRANKED' };
    const code = 'NO_SUCH_TARGET';
    const cases: readonly (readonly [Target, readonly object[]])[] = [
      [{ ranks: [2, 0, 9] }, [refused, { rank: 9, code }]],
      [{ names: ['cid', 'zoe'] }, [{ name: 'zoe', code }]],
      [{ members: [cid.member ?? '', 'm0'] }, [{ member: 'm0', code }]],
    ];
    for (const [to, unsent] of cases) {
      const sheet = await bob.command('print', null, { to });
      expect(sheet).toMatchObject({ recipients: 1, done: 1, unsent, unsentCount: unsent.length });
      expect(sheet.all('done')).toBe(false);
    }
    expect((await bob.command('print', null, { to: { ranks: [2] } })).all('done')).toBe(true);
  });

  it('R-CMD-3 rejects with a code of its own if the target selects no member', async () => {
    const [, , cid] = await trio();
    await expect(cid.command('print')).rejects.toMatchObject(codeOf('NO_RECIPIENTS'));
    await expect(cid.command('print', null, { to: { ranks: [9] } })).rejects.toMatchObject(codeOf('NO_SUCH_TARGET'));
    const results = cid.stream('print')[Symbol.asyncIterator]();
    await expect(results.next()).rejects.toMatchObject(codeOf('NO_RECIPIENTS'));
  });
});

describe('the signal of a command', () => {
  it('ends the wait for a command or a stream, even if it was aborted before', async () => {
    const [ann, bob] = await trio();
    bob.handle('print', never);
    const calling = new AbortController();
    const { signal } = calling;
    const sheet = ann.command('print', null, { signal });
    const results = ann.stream('print', null, { to: { ranks: [1] }, signal })[Symbol.asyncIterator]();
    const result = results.next();
    calling.abort('enough');
    await expect(sheet).rejects.toMatchObject({ ...codeOf('ABORTED'), cause: 'enough' });
    await expect(result).rejects.toMatchObject(codeOf('ABORTED'));
    await expect(ann.command('print', null, { signal })).rejects.toMatchObject(codeOf('ABORTED'));
    await expect(ann.stream('print', null, { signal })[Symbol.asyncIterator]().next()).rejects.toMatchObject(
      codeOf('ABORTED'),
    );
  });

  it('does not stop the recipients: their handlers end normally', async () => {
    const [ann, bob] = await trio();
    const executed = fleet.next(bob, 'executed');
    const calling = new AbortController();
    bob.handle('print', () => calling.abort());
    await expect(ann.command('print', null, { signal: calling.signal })).rejects.toMatchObject(codeOf('ABORTED'));
    await expect(executed).resolves.toMatchObject({ status: 'done', ownRank: 1 });
  });
});

describe('a payload for which the server would end the session', () => {
  it.each<[string, string, string, Json, CommandOptions]>([
    ['a name with a space', 'BAD_ARGUMENT', 'two words', null, {}],
    ['no deadline', 'BAD_ARGUMENT', 'print', null, { deadlineMs: 0 }],
    [
      'a list of targets past the limit',
      'BAD_ARGUMENT',
      'print',
      null,
      { to: { ranks: Array.from({ length: 1001 }, (_, n) => n) } },
    ],
    [
      'a list of targets that is too long for a frame',
      'PAYLOAD_TOO_LARGE',
      'print',
      null,
      { to: { names: Array.from({ length: 1000 }, () => 'é'.repeat(64)) } },
    ],
    ['too much', 'PAYLOAD_TOO_LARGE', 'print', 'x'.repeat(65_536), {}],
    ['the key __proto__', 'BAD_ARGUMENT', 'print', { ['__proto__']: 1 }, {}],
  ])('is not sent as an argument, so the session continues: %s', async (_what, code, name, args, options) => {
    const ann = await fleet.join(server.port, { group: fleet.newGroup() });
    await expect(ann.command(name, args, options)).rejects.toMatchObject(codeOf(code));
    await expect(ann.command('print')).rejects.toMatchObject(codeOf('NO_RECIPIENTS'));
    expect(ann.rank).toBe(0);
  });

  it('is not sent as a value: the result is failed, and the session continues', async () => {
    const [ann, bob, cid] = await trio();
    bob.handle('print', () => 'x'.repeat(70_000));
    cid.handle('print', () => 1n);
    const results: CommandResult[] = [];
    for await (const result of ann.stream('print')) results.push(result);
    results.sort((a, b) => a.from.rank - b.from.rank);
    expect(results).toMatchObject([
      { status: 'failed', error: { code: 'PAYLOAD_TOO_LARGE' } },
      { status: 'failed', error: { code: 'BAD_ARGUMENT' } },
    ]);
    expect([bob.rank, cid.rank]).toEqual([1, 2]);
  });
});
