import { expect, it } from '@jest/globals';
import { FakeConnection } from './fake-connection.js';
import { GatewayFixture, type InMemoryPeer } from './gateway-fixture.js';

/** Three members, of which the second has left in this flush cycle: no view about that is sent yet. */
function withUnsentView(): { fixture: GatewayFixture; members: InMemoryPeer[]; read: () => unknown[] } {
  const fixture = new GatewayFixture();
  const members = [fixture.join(), fixture.join(), fixture.join()];
  const [, leaving, last] = members;
  const before = last?.frames.length ?? 0;
  leaving?.sendUnflushed({ type: 'leave' });
  const read = (): unknown[] => (last?.frames ?? []).slice(before).map(({ type, code }) => [type, code]);
  return { fixture, members, read };
}

it('R-LEAD-1 sessions of a server that cannot apply an entry end with UNAVAILABLE, and receive no unsent view', () => {
  const { fixture, read } = withUnsentView();
  fixture.gateway.shutdown.abandon(100);
  fixture.clock.settle();
  expect(read()).toEqual([['bye', 'UNAVAILABLE']]);
  expect(fixture.gateway.sessionCount).toBe(0);
  expect(fixture.join().lastFrame).toMatchObject({ type: 'bye', code: 'UNAVAILABLE', retry: true });
});

it('sessions of an incarnation that ends for another reason receive it before', () => {
  const { fixture, read } = withUnsentView();
  fixture.gateway.shutdown.disband(100);
  expect(read()).toEqual([
    ['view', undefined],
    ['bye', 'UNAVAILABLE'],
  ]);
});

it('a session that cannot be ended is cut off, and the others end', () => {
  class BrokenConnection extends FakeConnection {
    state: 'open' | 'broken' | 'destroyed' = 'open';

    override write(...written: Parameters<FakeConnection['write']>): void {
      if (this.state === 'broken') throw new Error('broken');
      super.write(...written);
    }

    override destroy(): void {
      this.state = 'destroyed';
      super.destroy();
    }
  }
  const fixture = new GatewayFixture();
  const connection = new BrokenConnection();
  fixture.join({}, connection);
  const whole = fixture.join();
  connection.state = 'broken';
  fixture.gateway.shutdown.abandon(0);
  expect([connection.state, whole.lastFrame]).toMatchObject(['destroyed', { type: 'bye', code: 'UNAVAILABLE' }]);
});
