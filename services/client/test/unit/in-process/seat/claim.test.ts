import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import type { Membership, SeatClaim } from '@rankd/client';
import { TIMINGS } from '@rankd/testkit';
import { type FleetServer, InProcessFleet } from '@rankd/testkit/in-process';
import { welcomeOf } from '../../messages.js';
import { badArgument, codeOf, KEEPS_SEATS, timedIt } from '../fixture.js';
import { ScriptedCoordinator } from '../scripted-coordinator.js';

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let server: FleetServer;

beforeAll(async () => {
  server = await fleet.server(KEEPS_SEATS);
});
afterAll(() => fleet.dispose());

/** What a later process reads from the file that an earlier one wrote. */
function stored(claim: SeatClaim | undefined): SeatClaim {
  return JSON.parse(JSON.stringify(claim)) as SeatClaim;
}

async function pair(): Promise<[Membership, Membership]> {
  return fleet.joinAll(server.port, ['ann', 'bob'], { group: fleet.newGroup() });
}

describe('the claim of a member', () => {
  it('R-JOIN-6 takes the seat back in a later process after `close`: same member, rank, slot and fence', async () => {
    const [ann, bob] = await pair();
    const { group, member, slot, fence } = ann;
    await ann.close();
    const claim = stored(ann.claim);
    expect([ann.isClosed, ann.rank, bob.rank]).toEqual([true, undefined, 1]);
    const again = await fleet.join(server.port, { resume: claim });
    expect(again).toMatchObject({ group, member, slot, rank: 0, fence });
    expect(again.claim).not.toEqual(claim);
    expect(bob.rank).toBe(1);
  });

  it('R-JOIN-6 changes with each welcome, stays while the member is disconnected, and is gone after `leave`', async () => {
    const proxy = fleet.proxy(server.port);
    const claims: (SeatClaim | undefined)[] = [];
    const prepare = (me: Membership): void => {
      claims.push(me.claim);
      me.on('joined', () => claims.push(me.claim));
      me.on('disconnected', () => claims.push(me.claim));
    };
    const group = fleet.newGroup();
    const ann = await fleet.join(proxy.port, { group, prepare });
    const back = fleet.next(ann, 'joined', ({ resumed }) => resumed);
    proxy.reset();
    await back;
    await ann.leave();
    claims.push(ann.claim);
    const [before, first, away, second, left] = claims;
    expect([before, left]).toEqual([undefined, undefined]);
    expect(first).toMatchObject({ group, member: first?.member, epoch: expect.any(Number) });
    expect([away, second?.member]).toEqual([first, first?.member]);
    expect(second?.secret).not.toBe(first?.secret);
  });

  it('R-JOIN-1 names in each hello the epoch of the last welcome, also from an earlier process', async () => {
    const coordinator = ScriptedCoordinator.in(fleet);
    const joining = fleet.join(coordinator.port, { resume: { member: 'm1', secret: 's', group: 'g', epoch: 70 } });
    await coordinator.untilReceived('hello');
    coordinator.send(welcomeOf({ member: 'm1', epoch: 71, resume: 's2' }));
    const me = await joining;
    coordinator.send({ type: 'bye', code: 'UNAVAILABLE', message: '', retry: true });
    await coordinator.untilReceived('hello', 2);
    const hellos = coordinator.received.filter(({ type }) => type === 'hello');
    expect(hellos.map(({ resume }) => resume)).toEqual([
      { member: 'm1', secret: 's', epoch: 70 },
      { member: 'm1', secret: 's2', epoch: 71 },
    ]);
    await me.close();
    coordinator.dispose();
  });

  it('R-JOIN-6 replaces the process that still runs, whose claim is gone', async () => {
    const [ann, bob] = await pair();
    const ended = fleet.next(ann, 'closed');
    const again = await fleet.join(server.port, { resume: stored(ann.claim) });
    await expect(ended).resolves.toMatchObject({ error: codeOf('REPLACED') });
    expect([again.rank, bob.rank, ann.claim]).toEqual([0, 1, undefined]);
  });

  it('R-JOIN-6 joins last, as another member, if the seat is gone', async () => {
    const [ann, bob] = await pair();
    const claim = stored(ann.claim);
    const { member } = ann;
    await ann.leave();
    let isResumed: boolean | undefined;
    const prepare = (me: Membership): void => void me.on('joined', ({ resumed }) => (isResumed = resumed));
    const again = await fleet.join(server.port, { resume: claim, prepare });
    expect([again.rank, bob.rank, isResumed]).toEqual([1, 0, false]);
    expect(again.member).not.toBe(member);
  });

  it('R-JOIN-6 asks for the seat again with each attempt, until a welcome arrives', async () => {
    const [ann] = await pair();
    const { member } = ann;
    await ann.close();
    const proxy = fleet.proxy(server.port);
    proxy.treat('toClient', 'drop');
    const joining = fleet.join(proxy.port, { resume: stored(ann.claim) });
    await fleet.time.pass(200);
    proxy.treat('toClient', 'pass');
    proxy.reset();
    expect(await joining).toMatchObject({ member, rank: 0 });
  });

  it.each<[string, object, string]>([
    ['a text', { resume: 'm1' }, 'resume is of the type string, it must be the claim of a membership'],
    ['null', { resume: null }, 'resume is of the type object'],
    ['without a secret', { resume: { member: 'm1' } }, 'resume is of the type object'],
    ['with a number', { resume: { member: 1, secret: 's' } }, 'resume is'],
    ['with a wrong epoch', { resume: { member: 'm1', secret: 's', epoch: '5' } }, 'resume is'],
    ['with a wrong group', { resume: { member: 'm1', secret: 's', group: 'a b' } }, 'resume is'],
    ['of another group', { resume: { member: 'm1', secret: 's', group: 'a' }, group: 'b' }, 'a seat of the group a'],
    ['with a keepClaim that is no function', { keepClaim: {} }, 'keepClaim is {}, it must be a function'],
  ])('is BAD_ARGUMENT before anything is sent: %s', async (_what, options, text) => {
    const refused = await fleet.join(server.port, options).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    expect(refused).toMatchObject(badArgument(text));
    expect(refused?.message).not.toContain("'s'");
  });

  it('may have more fields, as a later version or the file of a program has', async () => {
    const [ann] = await pair();
    const { member } = ann;
    await ann.close();
    const claim = { ...stored(ann.claim), writtenAt: 5 };
    expect(await fleet.join(server.port, { resume: claim })).toMatchObject({ member });
  });
});

describe('close', () => {
  it('R-VIEW-4 is a departure at once if the server has no grace, and never an error', async () => {
    const plain = await fleet.server(TIMINGS.patient);
    const [ann, bob] = await fleet.joinAll(plain.port, ['ann', 'bob'], { group: fleet.newGroup() });
    const promoted = fleet.next(bob, 'rank');
    const closed = fleet.next(ann, 'closed');
    await Promise.all([ann.close(), ann.close()]);
    await expect(promoted).resolves.toMatchObject({ rank: 0, cause: { kind: 'left', reason: 'CLOSED' } });
    expect(await closed).toEqual({ error: undefined });
    await ann.leave();
    await expect(ann.command('x')).rejects.toMatchObject(codeOf('NOT_CONNECTED'));
  });

  it('works while the member is disconnected, and keeps the claim', async () => {
    const proxy = fleet.proxy(server.port);
    const ann = await fleet.join(proxy.port, { group: fleet.newGroup() });
    const { member } = ann;
    const gone = fleet.next(ann, 'disconnected');
    proxy.reset();
    await gone;
    await ann.close();
    expect(await fleet.join(server.port, { resume: stored(ann.claim) })).toMatchObject({ member, rank: 0 });
  });

  it('reports `suspended` because of `close`, and waits for the leader work', async () => {
    const [ann, bob] = await pair();
    const log: string[] = [];
    ann.on('suspended', ({ because }) => log.push(because));
    const over = ann.lead(async signal => {
      await new Promise(resolve => signal.addEventListener('abort', resolve));
      await fleet.time.pass(50);
      log.push('stopped');
    });
    await fleet.time.pass(10);
    await ann.close();
    log.push('closed');
    await over;
    expect([log, bob.rank]).toEqual([['close', 'stopped', 'closed'], 1]);
  });
});
