import { describe, expect, it } from '@jest/globals';
import { limits } from '@rankd/protocol';
import { FakeConnection } from './fake-connection.js';
import { GatewayFixture, type InMemoryPeer } from './gateway-fixture.js';

const memberOf = ({ frames }: InMemoryPeer): unknown => frames[0]?.['member'];

describe('R-VIEW-3 A member receives its rank in a view before any command that carries that view', () => {
  it('even if the new leader is asked to stop in the same flush cycle', () => {
    const fixture = new GatewayFixture();
    const [ann, ben, cid] = [fixture.join(), fixture.join(), fixture.join()];
    const admin = fixture.join({ role: 'observer', token: 'admin' });
    const before = ben.frames.length;
    admin.send({ type: 'admin', id: '1', action: 'move', member: memberOf(ann), rank: 2 });
    admin.send({ type: 'admin', id: '2', action: 'move', member: memberOf(cid), rank: 0 });
    // This removal is decided after the move that waits for ben, but is applied before that move.
    admin.send({ type: 'admin', id: '3', action: 'remove', member: memberOf(ann) });
    ann.send({ type: 'yielded' });
    admin.send({ type: 'admin', id: '4', action: 'command', name: 'go' });
    expect(ben.frames.slice(before)).toEqual([
      expect.objectContaining({ type: 'view', rank: 0, was: 1, view: 5, size: 2 }),
      { type: 'yield' },
      expect.objectContaining({ type: 'command', view: 5 }),
    ]);
  });
});

describe('R-VIEW-3 A view shows the state after one entry', () => {
  it('so a receipt precedes the view if a later entry of the same flush cycle changes the roster again', () => {
    const fixture = new GatewayFixture();
    const [ann] = [fixture.join(), fixture.join(), fixture.join()];
    const admin = fixture.join({ role: 'observer', token: 'admin' });
    const before = admin.frames.length;
    admin.send({ type: 'admin', id: '1', action: 'move', member: memberOf(ann), rank: 2 });
    admin.send({ type: 'admin', id: '2', action: 'remove', member: memberOf(ann) });
    ann.send({ type: 'yielded' });
    expect(admin.frames.slice(before)).toEqual([
      expect.objectContaining({ type: 'receipt', id: '1', view: 4 }),
      expect.objectContaining({ type: 'view', view: 5, size: 2, changes: 2 }),
      expect.objectContaining({ type: 'receipt', id: '2', view: 5 }),
    ]);
  });
});

describe('R-VIEW-2 Every member that a change concerns receives a view', () => {
  // With `rank`, views go out by rank. With `size`, the slow member receives its view after all others.
  it.each(['rank', 'size'])(
    'even if the change came from sending a view (updates %s) to a member that was too far behind',
    updates => {
      const fixture = new GatewayFixture({ RANKD_BACKLOG_BYTES_MAX: '65536' });
      const [top, above, reader] = [fixture.join(), fixture.join(), new FakeConnection(0)];
      const slow = fixture.join({ heartbeat: false, updates }, reader);
      const [below, last] = [fixture.join(), fixture.join()];
      const admin = fixture.join({ role: 'observer', token: 'admin' });
      const order = { name: 'go', to: { ranks: [2] }, reply: 'none' };
      top.send({ type: 'command', id: '1', ...order, args: 'x'.repeat(50_000) });
      admin.send({
        type: 'admin',
        id: '2',
        action: 'command',
        ...order,
        args: 'x'.repeat(65_250 - reader.backlogBytes),
      });
      expect(reader.backlogBytes).toBeGreaterThan(65_350);
      const rank = updates === 'rank' ? 1 : 2;
      (updates === 'rank' ? above : last).close();
      fixture.clock.pass(limits.sizeDelayMsMax);
      for (const peer of [top, above, below]) peer.pong();
      expect(slow.lastFrame).toMatchObject({ code: 'SLOW_CONSUMER' });
      expect(below.frames.findLast(({ type }) => type === 'view')).toMatchObject({
        type: 'view',
        rank,
        size: 3,
        cause: { reason: 'SLOW_CONSUMER' },
      });
    },
  );
});
