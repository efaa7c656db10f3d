import { afterAll, describe, expect } from '@jest/globals';
import type { Membership } from '@rankd/client';
import type { InMemorySocket } from '@rankd/testkit';
import { InProcessFleet } from '@rankd/testkit/in-process';
import { welcomeOf } from '../../messages.js';
import { DEADLINE_MS, timedIt } from '../fixture.js';

const SUSPEND_MS = 4500;
const BYE = { type: 'bye', code: 'REMOVED', message: 'removed', retry: false };

const fleet = new InProcessFleet();
const it = timedIt(fleet);
afterAll(() => fleet.dispose());

/** A server that admits one member as rank 0. It records whether the client has closed its end. */
class OneSeat {
  readonly port = fleet.listen(socket => {
    this.#socket = socket;
    for (const event of ['end', 'close', 'error']) socket.on(event, () => (this.clientEnd = 'closed'));
    socket.once('data', () => this.send(welcomeOf({ suspendMs: SUSPEND_MS })));
  });
  clientEnd: 'open' | 'closed' = 'open';
  #socket: InMemorySocket | undefined;

  send(message: object): void {
    this.#socket?.write(`${JSON.stringify(message)}\n`);
  }

  /** Closes the server's end. */
  end(): void {
    this.#socket?.end();
  }
}

interface Led {
  readonly server: OneSeat;
  readonly me: Membership;
  readonly log: string[];
  readonly finish: () => void;
}

async function leader(): Promise<Led> {
  const server = new OneSeat();
  const me = await fleet.join(server.port);
  const log: string[] = [];
  let finish: () => void = () => undefined;
  const finished = new Promise<void>(resolve => (finish = resolve));
  void me.lead(async signal => {
    signal.addEventListener('abort', () => log.push('must stop'));
    await finished;
  });
  await fleet.time.pass(5);
  return { server, me, log, finish };
}

describe('a leader whose session the server ends by `bye`', () => {
  it('R-LEAD-1 closes its end when its work has stopped, also if the server has closed its own end', async () => {
    const { server, me, log, finish } = await leader();
    const closed = fleet.next(me, 'closed');
    server.send(BYE);
    server.end();
    await closed;
    await fleet.time.pass(100);
    expect([me.isClosed, log, server.clientEnd]).toEqual([true, ['must stop'], 'open']);
    finish();
    await fleet.time.pass(10);
    expect(server.clientEnd).toBe('closed');
  });

  it('R-LEAD-3 closes its end when its lease ends, if its work does not stop', async () => {
    const { server, me } = await leader();
    const endsAt = me.leaseEndsAt ?? 0;
    server.send(BYE);
    await fleet.time.pass(endsAt - fleet.time.nowMs() - 20);
    expect(server.clientEnd).toBe('open');
    await fleet.time.pass(40);
    expect(server.clientEnd).toBe('closed');
  });

  it('closes its end at once without work', async () => {
    const server = new OneSeat();
    const me = await fleet.join(server.port);
    const closed = fleet.next(me, 'closed');
    server.send(BYE);
    await closed;
    await fleet.time.eventually(DEADLINE_MS, 'the close', () => (server.clientEnd === 'closed' ? true : undefined));
    expect(fleet.time.nowMs()).toBeLessThan((me.leaseEndsAt ?? Infinity) - 1000);
  });
});
