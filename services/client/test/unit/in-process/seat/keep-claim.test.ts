import { afterAll, afterEach, beforeEach, describe, expect } from '@jest/globals';
import type { JoinOptions, Membership, SeatClaim } from '@rankd/client';
import { InProcessFleet } from '@rankd/testkit/in-process';
import { welcomeOf } from '../../messages.js';
import { timedIt } from '../fixture.js';
import { ScriptedCoordinator } from '../scripted-coordinator.js';

const HEARTBEAT_MS = 300;

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let coordinator: ScriptedCoordinator;

beforeEach(() => {
  coordinator = ScriptedCoordinator.in(fleet);
});
afterEach(() => coordinator.dispose());
afterAll(() => fleet.dispose());

async function join(options: JoinOptions): Promise<Membership> {
  const joining = fleet.join(coordinator.port, options);
  await coordinator.untilReceived('hello');
  coordinator.send(welcomeOf({ heartbeatMs: HEARTBEAT_MS }), { type: 'ping', n: 1, seen: 0 });
  return joining;
}

/** Returns what has arrived when nothing is in flight any more. */
async function received(): Promise<string[]> {
  await fleet.time.pass(20);
  return coordinator.receivedTypes;
}

describe('keepClaim', () => {
  it('R-JOIN-6 has stored the claim before anything is sent: no pong, command or query', async () => {
    let finish: () => void = () => undefined;
    const claims: SeatClaim[] = [];
    const keepClaim = async (claim: SeatClaim): Promise<void> => {
      claims.push(claim);
      await new Promise<void>(resolve => (finish = resolve));
    };
    const me = await join({ keepClaim });
    void me.command('print').catch(() => undefined);
    void me.roster().catch(() => undefined);
    expect(await received()).toEqual(['hello']);
    expect(claims).toEqual([{ group: 'default', member: 'm1', secret: 'secret-1', epoch: 70 }]);
    expect([me.rank, me.claim]).toEqual([0, claims[0]]);
    finish();
    expect(await received()).toEqual(['hello', 'pong', 'command', 'roster']);
    await coordinator.endMember(me);
  });

  it('is called before `joined`, and may be synchronous', async () => {
    const log: string[] = [];
    const me = await join({
      keepClaim: () => log.push('kept'),
      prepare: member => void member.on('joined', () => log.push('joined')),
    });
    expect(await received()).toEqual(['hello', 'pong']);
    expect(log).toEqual(['kept', 'joined']);
    await coordinator.endMember(me);
  });

  it('R-LIFE-1 holds the session for one heartbeat at most, and then reports that it was late', async () => {
    const errors: unknown[] = [];
    const me = await join({
      keepClaim: () => new Promise(() => undefined),
      prepare: member => void member.on('listenerError', ({ source, error }) => errors.push([source, String(error)])),
    });
    await fleet.time.pass(HEARTBEAT_MS - 50);
    expect([await received(), errors]).toEqual([['hello'], []]);
    await fleet.time.pass(50);
    expect(await received()).toEqual(['hello', 'pong']);
    expect(errors).toEqual([['keepClaim', expect.stringContaining(`within ${HEARTBEAT_MS} ms`)]]);
    await coordinator.endMember(me);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('disk full');
      },
    ],
    ['rejects', async () => Promise.reject(new Error('disk full'))],
  ])('reports that it %s, and the session continues', async (_how, keepClaim) => {
    const errors: unknown[] = [];
    const me = await join({
      keepClaim,
      prepare: member => void member.on('listenerError', ({ source, error }) => errors.push([source, String(error)])),
    });
    expect(await received()).toEqual(['hello', 'pong']);
    expect(errors).toEqual([['keepClaim', 'Error: disk full']]);
    await coordinator.endMember(me);
  });

  it('does not delay `leave`', async () => {
    const me = await join({ keepClaim: () => new Promise(() => undefined) });
    await coordinator.endMember(me);
    expect(coordinator.receivedTypes).toEqual(['hello', 'pong', 'leave']);
  });
});

describe('keepClaim of a member that resumes', () => {
  it('R-JOIN-6 receives each claim in order, one call after the other, and a process that dies before takes its seat back', async () => {
    const server = await fleet.server({ RANKD_GRACE_MS: '5000', RANKD_GRACE_LEADER_MS: '5000' });
    const proxy = fleet.proxy(server.port);
    let file: SeatClaim | undefined;
    let running = 0;
    let isFrozen = false;
    const keepClaim = async (claim: SeatClaim): Promise<void> => {
      running += 1;
      expect(running).toBe(1);
      if (isFrozen) await new Promise(() => undefined);
      await fleet.time.pass(5);
      file = claim;
      running -= 1;
    };
    const ann = await fleet.join(proxy.port, { group: fleet.newGroup(), keepClaim });
    const { member } = ann;
    for (let cut = 0; cut < 3; cut += 1) {
      const back = fleet.next(ann, 'joined');
      proxy.reset();
      await back;
    }
    await fleet.time.pass(50);
    expect(file).toEqual(ann.claim);
    // The process is killed after the welcome and before the claim is in the file.
    isFrozen = true;
    const back = fleet.next(ann, 'joined');
    proxy.reset();
    await back;
    expect(file?.secret).not.toBe(ann.claim?.secret);
    const again = await fleet.join(server.port, { resume: file ?? { member: '', secret: '' } });
    expect([again.member, again.rank]).toEqual([member, 0]);
  });
});
