import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from '@jest/globals';
import type { Membership, MembershipEvents, ServerAddress } from '@rankd/client';
import { type InMemorySocket, TIMINGS } from '@rankd/testkit';
import { type FleetProxy, InProcessFleet, type InProcessServer } from '@rankd/testkit/in-process';
import { DEADLINE_MS, timedIt } from './fixture.js';

const GRACE_MS = 5000;

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let server: InProcessServer;
let port: number;
let proxy: FleetProxy;
/** Three members by rank. ann and bob are reached through the proxy. */
let ann: Membership;
let bob: Membership;
let cid: Membership;
/** The secret of each welcome that ann received (R-JOIN-6). */
let annSecrets: string[];

beforeAll(async () => {
  const grace = { RANKD_GRACE_MS: String(GRACE_MS), RANKD_GRACE_LEADER_MS: String(GRACE_MS) };
  ({ port, server } = await fleet.server({ ...TIMINGS.quick, ...grace }));
});
afterAll(() => fleet.dispose());
beforeEach(async () => {
  proxy = fleet.proxy(port);
  const group = fleet.newGroup();
  annSecrets = [];
  ann = await fleet.join(proxy.port, { group, name: 'ann', dial: dialRecordingSecrets });
  bob = await fleet.join(proxy.port, { group, name: 'bob' });
  // Nothing happens to cid's connection.
  cid = await fleet.join(port, { group, name: 'cid' });
});
afterEach(async () => {
  await fleet.time.elapse(Promise.all([ann, bob, cid].map(member => member.leave())));
  proxy.destroy();
});

/** Records the names of a member's events in order. */
function recordEvents(member: Membership): string[] {
  const heard: string[] = [];
  const events: (keyof MembershipEvents)[] = ['joined', 'rank', 'suspended', 'acting', 'disconnected', 'closed'];
  for (const event of events) member.on(event, () => heard.push(event));
  return heard;
}

function dialRecordingSecrets(address: ServerAddress): InMemorySocket {
  const socket = fleet.dial(address);
  socket.on('data', (bytes: Buffer) => {
    const secret = /"resume":"([^"]+)"/.exec(bytes.toString())?.[1];
    if (secret !== undefined) annSecrets.push(secret);
  });
  return socket;
}

async function waitForResume(member: Membership): Promise<MembershipEvents['joined'][0]> {
  return fleet.next(member, 'joined', told => told.resumed);
}

describe('a member whose connection is cut', () => {
  it('R-JOIN-6 takes back its seat: same member, rank, slot and fence, and no other event', async () => {
    const { member, slot, fence } = ann;
    const [heard, heardByThird] = [recordEvents(ann), recordEvents(cid)];
    const back = Promise.all([waitForResume(ann), waitForResume(bob)]);
    proxy.reset();
    await expect(back).resolves.toMatchObject([
      { rank: 0, member, slot, resumed: true },
      { rank: 1, resumed: true },
    ]);
    expect(ann).toMatchObject({ rank: 0, member, slot, fence });
    expect([heard, heardByThird]).toEqual([['disconnected', 'joined'], []]);
  });

  it('R-JOIN-6 takes it back repeatedly, each time with a newer secret', async () => {
    const { member } = ann;
    for (let cut = 0; cut < 3; cut += 1) {
      const back = Promise.all([waitForResume(ann), waitForResume(bob)]);
      proxy.reset();
      await back;
    }
    const secrets = new Set(annSecrets);
    expect([ann.rank, ann.member, secrets.size]).toEqual([0, member, 4]);
  });

  it('R-JOIN-6 takes it back while the server still has the earlier session open', async () => {
    const { member } = ann;
    proxy.treat('toServer', 'drop');
    proxy.treat('toClient', 'pass');
    const gone = Promise.all([fleet.next(ann, 'disconnected'), fleet.next(bob, 'disconnected')]);
    proxy.halfClose('toClient');
    await gone;
    const back = waitForResume(ann);
    proxy.treat('toServer', 'pass');
    await back;
    expect([ann.member, ann.rank]).toEqual([member, 0]);
  });

  it('R-LEAD-1 starts its leader work again, with the earlier fence', async () => {
    const terms: unknown[] = [];
    const calling = new AbortController();
    const over = ann.lead(
      async (signal, { view }) => {
        terms.push(['begins', view]);
        await new Promise(resolve => signal.addEventListener('abort', resolve));
        terms.push(['ends', view]);
      },
      { signal: calling.signal },
    );
    const view = ann.fence?.view;
    const back = waitForResume(ann);
    proxy.reset();
    await back;
    await ann.untilRank(0);
    calling.abort();
    await expect(over).rejects.toMatchObject({ code: 'ABORTED' });
    expect(terms).toEqual(['begins', 'ends', 'begins', 'ends'].map(what => [what, view]));
  });

  it("R-VIEW-4 joins again with the last rank after its grace period: it gets an event, and its handler's signal is aborted", async () => {
    const short = await fleet.server({ ...TIMINGS.quick, RANKD_GRACE_MS: '200', RANKD_GRACE_LEADER_MS: '200' });
    const cut = fleet.proxy(short.port);
    const dan = await fleet.join(cut.port, { name: 'dan' });
    const eve = await fleet.join(short.port, { name: 'eve' });
    const { member } = dan;
    const promoted = fleet.next(eve, 'rank', ({ rank }) => rank === 0);
    cut.treat('toClient', 'drop');
    cut.halfClose('toServer');
    await expect(promoted).resolves.toMatchObject({ cause: { reason: 'GRACE_ENDED' } });
    const told = fleet.next(dan, 'rank');
    cut.reset();
    cut.treat('toClient', 'pass');
    await expect(told).resolves.toMatchObject({ rank: 1, was: 0, cause: { kind: 'joined', name: 'dan' } });
    expect(dan.member).not.toBe(member);
    await dan.leave();
    await eve.leave();
    cut.destroy();
  });
});

describe('a command whose recipient loses its connection', () => {
  it('R-CMD-8 R-CMD-9 is answered with the result of the work during that time, and executed once', async () => {
    let calls = 0;
    let finish: () => void = () => undefined;
    const begun = new Promise<void>(resolve => {
      bob.handle('print', async () => {
        calls += 1;
        resolve();
        await new Promise<void>(done => (finish = done));
        return 'printed';
      });
    });
    const results = ann.stream('print', null, { to: { ranks: [1] }, deadlineMs: 20_000 });
    const result = results[Symbol.asyncIterator]().next();
    // The connection of the sender is cut too, so its call rejects: only the server knows the outcome.
    result.catch(() => undefined);
    await fleet.time.within(DEADLINE_MS, 'the command', begun);
    const executed = fleet.next(bob, 'executed');
    const gone = fleet.next(bob, 'disconnected');
    const back = waitForResume(bob);
    proxy.reset();
    await gone;
    finish();
    await executed;
    await back;
    const counted = server.event('command.outcome', ({ name, done }) => name === 'print' && done === 1);
    await expect(counted).resolves.toMatchObject({ recipients: 1, done: 1, left: 0, expired: 0 });
    await expect(result).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(calls).toBe(1);
  });

  it('R-CMD-9 is not delivered again if its delivery was lost: it expires', async () => {
    const group = ann.group ?? '';
    const dan = await fleet.join(port, { group, name: 'dan' });
    const eve = await fleet.join(proxy.port, { group, name: 'eve' });
    const heard: string[] = [];
    for (const member of [dan, eve]) member.handle('print', () => heard.push(member.name ?? ''));
    proxy.treat('toClient', 'drop');
    // Both commands are sent at once, so when dan has received one, eve's is lost.
    const [executed, back] = [fleet.next(dan, 'executed'), waitForResume(eve)];
    const sheet = cid.command('print', null, { deadlineMs: 1500 });
    await executed;
    proxy.treat('toClient', 'pass');
    proxy.reset();
    await back;
    await expect(sheet).resolves.toMatchObject({ recipients: 2, done: 1, expired: 1, missing: [{ name: 'eve' }] });
    // A later command arrives.
    await expect(cid.command('print', null, { to: { names: ['eve'] } })).resolves.toMatchObject({ done: 1 });
    expect(heard).toEqual(['dan', 'eve']);
    await Promise.all([dan.leave(), eve.leave()]);
  });
});
