import { describe, expect, it } from '@jest/globals';
import { FakeConnection } from './fake-connection.js';
import { GatewayStage, type FakePeer } from './gateway-fixture.js';

const memberOf = ({ frames }: FakePeer): unknown => frames[0]?.['member'];

describe('R-VIEW-3 A member knows its rank in the view of a command before it is given that', () => {
  it('also where it has to stop leading in the moment in which it begins to', () => {
    const stage = new GatewayStage();
    const [ann, ben, cid] = [stage.join(), stage.join(), stage.join()];
    const admin = stage.join({ role: 'observer', token: 'admin' });
    const before = ben.frames.length;
    admin.say({ type: 'admin', id: '1', action: 'move', member: memberOf(ann), rank: 2 });
    admin.say({ type: 'admin', id: '2', action: 'move', member: memberOf(cid), rank: 0 });
    // Decided after the one that has to wait for ben, and carried out before it.
    admin.say({ type: 'admin', id: '3', action: 'remove', member: memberOf(ann) });
    ann.say({ type: 'yielded' });
    admin.say({ type: 'admin', id: '4', action: 'command', name: 'go' });
    expect(ben.frames.slice(before)).toEqual([
      expect.objectContaining({ type: 'view', rank: 0, was: 1, view: 5, size: 2 }),
      { type: 'yield' },
      expect.objectContaining({ type: 'command', view: 5 }),
    ]);
  });
});

describe('R-VIEW-3 A view shows one moment', () => {
  it('so the receipt of a move goes ahead of the view where its entry changes the roster once more', () => {
    const stage = new GatewayStage();
    const [ann] = [stage.join(), stage.join(), stage.join()];
    const admin = stage.join({ role: 'observer', token: 'admin' });
    const before = admin.frames.length;
    admin.say({ type: 'admin', id: '1', action: 'move', member: memberOf(ann), rank: 2 });
    admin.say({ type: 'admin', id: '2', action: 'remove', member: memberOf(ann) });
    ann.say({ type: 'yielded' });
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
      const stage = new GatewayStage({ RANKD_BACKLOG_BYTES_MAX: '65536' });
      const [top, above, reader] = [stage.join(), stage.join(), new FakeConnection(0)];
      const slow = stage.join({ heartbeat: false, updates }, reader);
      const [below, last] = [stage.join(), stage.join()];
      const admin = stage.join({ role: 'observer', token: 'admin' });
      const order = { name: 'go', to: { ranks: [2] }, reply: 'none' };
      top.say({ type: 'command', id: '1', ...order, args: 'x'.repeat(50_000) });
      admin.say({
        type: 'admin',
        id: '2',
        action: 'command',
        ...order,
        args: 'x'.repeat(65_250 - reader.backlogBytes),
      });
      expect(reader.backlogBytes).toBeGreaterThan(65_350);
      const rank = updates === 'rank' ? 1 : 2;
      (updates === 'rank' ? above : last).close();
      expect(slow.last).toMatchObject({ code: 'SLOW_CONSUMER' });
      expect(below.last).toMatchObject({ type: 'view', rank, size: 3, cause: { reason: 'SLOW_CONSUMER' } });
    },
  );
});
