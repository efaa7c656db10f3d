import { describe, expect, it } from '@jest/globals';
import { FakeConnection } from './fake-connection.js';
import { GatewayFixture, type InMemoryPeer } from './gateway-fixture.js';

const memberOf = ({ frames }: InMemoryPeer): unknown => frames[0]?.['member'];

describe('R-VIEW-3 A member knows its rank in the view of a command before it is given that', () => {
  it('also where it has to stop leading in the moment in which it begins to', () => {
    const fixture = new GatewayFixture();
    const [ann, ben, cid] = [fixture.join(), fixture.join(), fixture.join()];
    const admin = fixture.join({ role: 'observer', token: 'admin' });
    const before = ben.frames.length;
    admin.send({ type: 'admin', id: '1', action: 'move', member: memberOf(ann), rank: 2 });
    admin.send({ type: 'admin', id: '2', action: 'move', member: memberOf(cid), rank: 0 });
    // Decided after the one that has to wait for ben, and carried out before it.
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

describe('R-VIEW-3 A view shows one moment', () => {
  it('so the receipt of a move goes ahead of the view where its entry changes the roster once more', () => {
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

describe('R-VIEW-2 A view is told to whoever it concerns', () => {
  // Told in the order of ranks, and told last because all that it cares for is the size.
  it.each(['rank', 'size'])(
    'also where it came about by telling another (updates %s), who was too far behind',
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
      expect(slow.lastFrame).toMatchObject({ code: 'SLOW_CONSUMER' });
      expect(below.lastFrame).toMatchObject({ type: 'view', rank, size: 3, cause: { reason: 'SLOW_CONSUMER' } });
    },
  );
});
