import { afterAll, describe, expect } from '@jest/globals';
import type { Membership, RankChange } from '@rankd/client';
import { TIMINGS } from '@rankd/testkit';
import { InProcessFleet } from '@rankd/testkit/in-process';
import { codeOf, DEADLINE_MS, timedIt } from '../fixture.js';

const fleet = new InProcessFleet();
const it = timedIt(fleet);
afterAll(() => fleet.dispose());

describe('a server that is killed and started again', () => {
  it('is joined again by every member, with an event; open commands reject with OUTCOME_UNKNOWN', async () => {
    const { port, server } = await fleet.server(TIMINGS.quick);
    const members = await fleet.joinAll(port, ['ann', 'bob', 'cid']);
    const [ann, bob, cid] = members;
    const executed = fleet.next(bob, 'executed');
    const begun = new Promise<void>(begin => {
      bob.handle('wait', async (_, { signal }) => {
        begin();
        await new Promise(resolve => signal.addEventListener('abort', resolve));
      });
    });
    const sheet = ann.command('wait', null, { to: { ranks: [1] }, deadlineMs: 60_000 });
    const results = ann.stream('wait', null, { to: { ranks: [1] }, deadlineMs: 60_000 });
    await expect(cid.command('wait', null, { to: 'below' })).rejects.toMatchObject(codeOf('NO_RECIPIENTS'));
    await fleet.time.within(DEADLINE_MS, 'the command', begun);
    const firstEpoch = ann.fence?.epoch ?? 0;
    const gone = Promise.all(members.map(member => fleet.next(member, 'disconnected')));
    const changes: RankChange[] = [];
    for (const member of members) member.on('rank', change => changes.push(change));
    server.kill();
    await expect(sheet).rejects.toMatchObject(codeOf('OUTCOME_UNKNOWN'));
    await expect(results[Symbol.asyncIterator]().next()).rejects.toMatchObject(codeOf('OUTCOME_UNKNOWN'));
    for (const { error, retryInMs } of await gone) {
      expect(error).toMatchObject(codeOf('NOT_CONNECTED'));
      expect(retryInMs).toBeGreaterThanOrEqual(0);
    }
    expect(members.map(({ rank, size, fence }) => [rank, size, fence])).toEqual(
      Array(3).fill([undefined, undefined, undefined]),
    );
    await fleet.server({ ...TIMINGS.quick, RANKD_PORT: String(port) });
    await fleet.allSeated(members);
    // The member did not get its seat back, so the signal of its handler was aborted.
    await expect(executed).resolves.toMatchObject({ command: { name: 'wait' }, status: 'done' });
    expect(members.map(({ rank }) => rank).sort()).toEqual([0, 1, 2]);
    expect(changes.map(({ was }) => was).sort()).toEqual([0, 1, 2]);
    expect(changes.every(({ cause }) => cause.kind === 'joined')).toBe(true);
    const leader = members.find(({ rank }) => rank === 0);
    expect(leader?.fence?.epoch).toBeGreaterThan(firstEpoch);
  });
});

describe('a server that drains', () => {
  it('R-BYE-2 is reconnected to after the delay that it asks for', async () => {
    const { port, server } = await fleet.server(TIMINGS.quick);
    // The server asks the first of four members to wait for the shortest time.
    const members = await fleet.joinAll(port, ['ann', 'bob', 'cid', 'dan']);
    const [ann] = members;
    const disconnected = fleet.next(ann, 'disconnected');
    const connecting = fleet.next(ann, 'connecting');
    server.requestStop();
    const { error, retryInMs = 0 } = await disconnected;
    const disconnectedMs = fleet.time.nowMs();
    expect(error).toMatchObject({ ...codeOf('DRAINING'), retry: true, retryAfterMs: expect.any(Number) });
    const { retryAfterMs = 0 } = error;
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(retryInMs).toBeGreaterThanOrEqual(retryAfterMs);
    await connecting;
    expect(fleet.time.nowMs() - disconnectedMs).toBe(retryInMs);
    await Promise.all(members.map(member => member.leave()));
  });
});

/** A command that is rejected with one of these codes was sent to no member. */
const refusals: ReadonlySet<string | undefined> = new Set(['DRAINING', 'NOT_CONNECTED']);

describe('S1 A server that drains under load', () => {
  it('S1 reports every accepted command that it loses', async () => {
    const { port, server } = await fleet.server({ ...TIMINGS.quick, RANKD_REFORM_MS: '60000' });
    const members: Membership[] = [];
    for (let index = 0; index < 20; index += 1) members.push(await fleet.join(port, { name: `m${index}` }));
    const executions = new Map<string, number>();
    for (const member of members) {
      member.handle('work', async (token: string) => {
        executions.set(token, (executions.get(token) ?? 0) + 1);
        await fleet.time.pass(30);
      });
    }
    const endings: { token: string; done: number | undefined; code: string | undefined }[] = [];
    let isOver = false;
    const work = async (member: Membership, index: number): Promise<void> => {
      for (let n = 0; !isOver; n += 1) {
        const token = `${index}-${n}`;
        const ending = await member.command('work', token, { deadlineMs: 2000 }).then(
          ({ done, recipients }) => ({ token, done, code: done === recipients ? undefined : 'not all done' }),
          (error: unknown) => ({ token, done: undefined, code: (error as { code: string }).code }),
        );
        endings.push(ending);
        if (ending.code !== undefined) return;
      }
    };
    const workers = Promise.all(members.slice(0, 10).map(work));
    await fleet.time.eventually(DEADLINE_MS, 'load', () => (endings.length > 50 ? true : undefined));
    server.requestStop();
    await fleet.time.within(DEADLINE_MS, 'every command to end', workers);
    isOver = true;
    await server.stop();
    for (const { token, done, code } of endings) {
      const executed = executions.get(token) ?? 0;
      if (done !== undefined) expect([token, executed, code]).toEqual([token, done, undefined]);
      else if (code !== 'OUTCOME_UNKNOWN') expect([token, refusals.has(code), executed]).toEqual([token, true, 0]);
    }
    const count = (fits: (code: string | undefined) => boolean): number =>
      endings.filter(({ code }) => fits(code)).length;
    expect(count(code => code === 'DRAINING')).toBeGreaterThan(0);
    // An accepted command had RANKD_DRAIN_MS to end, and needed 30 ms.
    expect(count(code => code === 'OUTCOME_UNKNOWN')).toBe(0);
  });
});
