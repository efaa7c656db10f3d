import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Fence, join } from '@rankd/client';
import { type LaunchedServer, within } from '@rankd/testkit';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';
import { codeOf, DEADLINE_MS, Fleet, next } from './fleet.js';

const fleet = new Fleet();
let server: LaunchedServer;

beforeAll(async () => {
  server = await fleet.server();
});
afterAll(() => fleet.dispose());

describe('a member that has joined', () => {
  it('R-JOIN-2 R-JOIN-3 knows its rank, size, slot, id and leader, and the next one is below it', async () => {
    const group = fleet.newGroup();
    const [ann, bob] = await fleet.joinAll(server.port, ['ann', 'bob'], { group });
    const leader = { member: ann.member, name: 'ann' };
    expect(ann).toMatchObject({ rank: 0, slot: 0, name: 'ann', group, leader });
    expect(bob).toMatchObject({ rank: 1, size: 2, slot: 1, name: 'bob', group, leader });
    expect(ann.member).not.toBe(bob.member);
  });

  it('is told of the size too where it asks for that', async () => {
    const group = fleet.newGroup();
    const ann = await fleet.join(server.port, { group, updates: 'size' });
    const told = next(ann, 'rank');
    const bob = await fleet.join(server.port, { group, name: 'bob' });
    const cause = { kind: 'joined', member: bob.member, name: 'bob' };
    await expect(told).resolves.toMatchObject({ rank: 0, was: 0, size: 2, cause });
    expect(ann.size).toBe(2);
  });

  it('R-VIEW-1 R-VIEW-2 is told of its promotion, from where, and why', async () => {
    const group = fleet.newGroup();
    const members = await fleet.joinAll(server.port, ['ann', 'bob', 'cid'], { group });
    const [ann, bob, cid] = members;
    const annsId = ann.member;
    const told = Promise.all([next(bob, 'rank'), next(cid, 'rank')]);
    await ann.leave();
    const cause = { kind: 'left', member: annsId, name: 'ann', reason: 'LEFT' };
    await expect(told).resolves.toEqual([
      { rank: 0, was: 1, size: 2, cause },
      { rank: 1, was: 2, size: 2, cause },
    ]);
    expect([bob.rank, cid.rank, cid.slot, cid.leader?.name]).toEqual([0, 1, 2, 'bob']);
  });

  it('has a fencing token exactly while it is rank 0, the same all along, and its successor a later one', async () => {
    const group = fleet.newGroup();
    const [ann, bob] = await fleet.joinAll(server.port, ['ann', 'bob'], { group });
    const first = ann.fence as Fence;
    expect([first.view, bob.fence]).toEqual([1, undefined]);
    const cid = await fleet.join(server.port, { group });
    await cid.leave();
    await expect(ann.command('print', null)).resolves.toMatchObject({ recipients: 1 });
    expect(ann.fence).toEqual(first);
    const promoted = next(bob, 'rank');
    await ann.leave();
    await promoted;
    expect(ann.fence).toBeUndefined();
    expect(bob.fence?.epoch).toBe(first.epoch);
    expect(bob.fence?.view).toBeGreaterThan(first.view);
  });
});

describe('leaving', () => {
  it('R-VIEW-5 is over when leave resolves: no rank, no commands, closed without an error', async () => {
    const group = fleet.newGroup();
    const ann = await fleet.join(server.port, { group });
    const closed = next(ann, 'closed');
    await ann.leave();
    await expect(closed).resolves.toEqual({ error: undefined });
    expect([ann.rank, ann.size, ann.slot, ann.member, ann.leader, ann.fence]).toEqual(Array(6).fill(undefined));
    await expect(ann.command('print')).rejects.toMatchObject(codeOf('NOT_CONNECTED'));
    await ann.leave();
  });

  it('happens at the end of a scope with await using', async () => {
    const scope = `
      import { join } from '@rankd/client';
      let outside;
      {
        await using me = await join('rankd://127.0.0.1:' + process.argv[1], { group: process.argv[2] });
        outside = me;
        console.log('rank', me.rank);
      }
      console.log('rank', outside.rank);`;
    // Node 20 does not read this yet; a compiler makes of it what node 20 does read.
    const compilerOptions = { target: ScriptTarget.ES2022, module: ModuleKind.ESNext };
    const { outputText } = transpileModule(scope, { compilerOptions });
    const program = fleet.script('module', outputText, server.port, fleet.newGroup());
    const exit = await within(DEADLINE_MS, 'exit', program.exited);
    expect([program.lines, exit.code]).toEqual([['rank 0', 'rank undefined'], 0]);
  });

  it('happens when the signal given to join is aborted', async () => {
    const group = fleet.newGroup();
    const leaving = new AbortController();
    const ann = await fleet.join(server.port, { group, signal: leaving.signal });
    const bob = await fleet.join(server.port, { group });
    const told = Promise.all([next(ann, 'closed'), next(bob, 'rank', ({ rank }) => rank === 0)]);
    leaving.abort();
    await expect(told).resolves.toMatchObject([{ error: undefined }, { was: 1 }]);
  });

  it('leaves nothing that keeps a process from ending', async () => {
    const source = `
      import { join } from '@rankd/client';
      const url = 'rankd://127.0.0.1:' + process.argv[1];
      const me = await join(url, { group: process.argv[2] });
      const bob = await join(url, { group: process.argv[2] });
      // Its handler is still at it when it has left.
      const begun = new Promise(resolve => bob.handle('wait', () => (resolve(), new Promise(() => undefined))));
      const sheet = me.command('wait', null, { deadlineMs: 60000 });
      await begun;
      await bob.leave();
      console.log('rank', me.rank, 'left', (await sheet).left);
      await me.leave();`;
    const program = fleet.script('module', source, server.port, fleet.newGroup());
    const exit = await within(DEADLINE_MS, 'exit', program.exited);
    expect([program.lines, exit]).toEqual([['rank 0 left 1'], { code: 0, signal: null }]);
  });
});

describe('joining in vain', () => {
  it('is called off by a signal, also one that was aborted before', async () => {
    const joining = new AbortController();
    // Nothing listens on port 1.
    const calledOff = join('rankd://127.0.0.1:1', { signal: joining.signal });
    joining.abort('enough');
    await expect(calledOff).rejects.toMatchObject({ ...codeOf('ABORTED'), cause: 'enough' });
    const before = join(`rankd://127.0.0.1:${server.port}`, { signal: AbortSignal.abort() });
    await expect(before).rejects.toMatchObject(codeOf('ABORTED'));
  });

  it('leaves no rejection that nobody handles where the signal was aborted before', async () => {
    const source = `
      import { join } from '@rankd/client';
      const url = 'rankd://127.0.0.1:' + process.argv[1];
      const signal = AbortSignal.abort();
      const code = error => error.code;
      console.log(await join(url, { signal }).catch(code));
      const me = await join(url, { group: process.argv[2] });
      console.log(await me.command('print', null, { signal }).catch(code));
      await me.leave();`;
    const program = fleet.script('module', source, server.port, fleet.newGroup());
    const exit = await within(DEADLINE_MS, 'exit', program.exited);
    expect([program.lines, exit.code]).toEqual([['ABORTED', 'ABORTED'], 0]);
  });

  it('ends with the last failure after joinWithinMs where no server can be reached', async () => {
    const startedMs = performance.now();
    await expect(join('rankd://127.0.0.1:1', { joinWithinMs: 300 })).rejects.toMatchObject({
      ...codeOf('CONNECT_FAILED'),
      retry: true,
    });
    expect(performance.now() - startedMs).toBeLessThan(3000);
  });

  it.each([
    ['a URL of another kind', 'http://127.0.0.1', {}],
    ['a name with a space', 'rankd://127.0.0.1', { name: 'two words' }],
    ['a group with a space', 'rankd://127.0.0.1', { group: 'two words' }],
    ['a tag that is too long', 'rankd://127.0.0.1', { tags: { zone: 'x'.repeat(257) } }],
  ])('is a BAD_ARGUMENT at once with %s', async (_what, url, options) => {
    await expect(join(url, options)).rejects.toMatchObject(codeOf('BAD_ARGUMENT'));
  });

  it('R-JOIN-4 R-JOIN-5 tells of a group that is full, once it has tried long enough, and of a wrong token at once', async () => {
    const { port } = await fleet.server({ RANKD_MEMBERS_MAX: '1', RANKD_TOKEN: 'open', RANKD_HEARTBEAT_MS: '100' });
    const ann = await fleet.join(port, { token: 'open' });
    const url = `rankd://127.0.0.1:${port}`;
    await expect(join(url, { token: 'shut' })).rejects.toMatchObject({ ...codeOf('UNAUTHORIZED'), retry: false });
    await expect(join(url)).rejects.toMatchObject(codeOf('UNAUTHORIZED'));
    const full = join(url, { token: 'open', joinWithinMs: 3000 });
    await expect(full).rejects.toMatchObject({ ...codeOf('FULL'), retryAfterMs: 100 });
    await expect(full).rejects.toThrow('group default holds 1');
    const waiting = join(url, { token: 'open' });
    await ann.leave();
    const bob = await within(DEADLINE_MS, 'a seat', waiting);
    expect(bob.rank).toBe(0);
    await bob.leave();
  });

  it('tries several servers in turn', async () => {
    const tried: string[] = [];
    const ann = await join(`rankd://127.0.0.1:1,rankd://[::1]:1,rankd://127.0.0.1:${server.port}`, {
      group: fleet.newGroup(),
      prepare: member => void member.on('connecting', ({ address }) => tried.push(address)),
    });
    expect(tried).toEqual(['127.0.0.1:1', '[::1]:1', `127.0.0.1:${server.port}`]);
    await ann.leave();
  });

  it('does not wait longer than joinWithinMs for a server that takes the connection and says nothing', async () => {
    const silent = await fleet.server();
    silent.childProcess.kill('SIGSTOP');
    const startedMs = performance.now();
    await expect(join(`rankd://127.0.0.1:${silent.port}`, { joinWithinMs: 300 })).rejects.toMatchObject(
      codeOf('CONNECT_FAILED'),
    );
    expect(performance.now() - startedMs).toBeLessThan(3000);
  });
});

describe('a group', () => {
  it('keeps its order apart from the others', async () => {
    const ann = await fleet.join(server.port, { group: fleet.newGroup() });
    const bob = await fleet.join(server.port, { group: fleet.newGroup() });
    expect([ann.rank, bob.rank]).toEqual([0, 0]);
    expect([ann.leader?.member, bob.leader?.member]).toEqual([ann.member, bob.member]);
  });
});
