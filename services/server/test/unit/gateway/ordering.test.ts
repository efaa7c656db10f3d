import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FakeConnection } from './fake-connection.js';
import { GatewayFixture, type InMemoryPeer, type Frame } from './gateway-fixture.js';

const MEMBERS = 12;

/** The random steps of one event loop turn. Numbers are taken modulo the number of members. */
type Step =
  | { readonly kind: 'command'; readonly by: number; readonly to: object | string }
  | { readonly kind: 'admin-command'; readonly to: object | string }
  | { readonly kind: 'move'; readonly member: number; readonly rank: number }
  | { readonly kind: 'leave'; readonly by: number }
  | { readonly kind: 'join' }
  | { readonly kind: 'ask'; readonly by: number }
  | { readonly kind: 'end-of-turn' };

const small = fc.nat({ max: MEMBERS });
const target = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('below', 'all') },
  fc.array(small, { minLength: 1, maxLength: MEMBERS }).map(ranks => ({ ranks })),
  fc.constantFrom({ tags: { odd: 'yes' } }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('command' as const), by: small, to: target }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('admin-command' as const), to: target }) },
  fc.record({ kind: fc.constant('move' as const), member: small, rank: small }),
  fc.record({ kind: fc.constant('leave' as const), by: small }),
  fc.record({ kind: fc.constant('join' as const) }),
  fc.record({ kind: fc.constant('ask' as const), by: small }),
  fc.record({ kind: fc.constant('end-of-turn' as const) }),
);

/** Members that send without waiting for one another. */
class Turn {
  readonly fixture = new GatewayFixture({ RANKD_MEMBERS_MAX: '1000' });
  readonly admin: InMemoryPeer;
  readonly everybody: InMemoryPeer[] = [];
  #present: InMemoryPeer[] = [];
  #ids = 0;

  constructor() {
    this.admin = this.fixture.join({ role: 'observer', token: 'admin', updates: 'rank' });
    for (let count = 0; count < MEMBERS; count += 1) this.join();
  }

  join(): void {
    const tags = this.everybody.length % 2 === 1 ? { odd: 'yes' } : {};
    const peer = this.fixture.connect(new FakeConnection());
    peer.sendUnflushed({ type: 'hello', tags });
    this.everybody.push(peer);
    this.#present.push(peer);
  }

  take(what: Step): void {
    const id = `${(this.#ids += 1)}`;
    const command = { id, name: 'go', reply: 'none', args: `é${id}` };
    switch (what.kind) {
      case 'command':
        return this.#at(what.by)?.sendUnflushed({ type: 'command', ...command, to: what.to });
      case 'admin-command':
        return this.admin.sendUnflushed({ type: 'admin', action: 'command', ...command, to: what.to });
      case 'move': {
        const member = this.#idOf(this.#at(what.member));
        return this.admin.sendUnflushed({ type: 'admin', action: 'move', id, member, rank: what.rank });
      }
      case 'leave': {
        const leaver = this.#at(what.by);
        this.#present = this.#present.filter(peer => peer !== leaver);
        return leaver?.sendUnflushed({ type: 'leave' });
      }
      case 'join':
        return this.join();
      case 'ask':
        return this.#at(what.by)?.sendUnflushed({ type: 'roster' });
      case 'end-of-turn':
        return this.fixture.clock.settle();
    }
  }

  #at(index: number): InMemoryPeer | undefined {
    return this.#present[index % Math.max(1, this.#present.length)];
  }

  #idOf(peer: InMemoryPeer | undefined): string {
    const welcome = peer?.frames.find(({ type }) => type === 'welcome');
    return typeof welcome?.['member'] === 'string' ? welcome['member'] : 'nobody';
  }
}

const ordered: ReadonlySet<string> = new Set(['welcome', 'view', 'command', 'receipt']);

/** The positions in the order of the frames that a peer received. */
function placesOf(frames: readonly Frame[]): number[] {
  return frames.filter(({ type, seq }) => ordered.has(type) && seq !== undefined).map(({ seq }) => Number(seq));
}

describe('R-VIEW-3 One order for all, for any mix of entries in one flush cycle', () => {
  it('holds in every session, and each command reaches exactly the members that may execute it', () => {
    const keepsOrder = (steps: readonly Step[]): void => {
      const turn = new Turn();
      for (const each of steps) turn.take(each);
      turn.fixture.clock.settle();
      const receipts = [turn.admin, ...turn.everybody].flatMap(peer => peer.frames.filter(isAccepted));
      const expected = receipts.reduce((sum, { recipients }) => sum + Number(recipients), 0);
      let delivered = 0;
      for (const peer of turn.everybody) {
        const places = placesOf(peer.frames);
        // A plain comparison instead of `expect`, which is slow for ten thousand checks.
        if (places.some((place, index) => place < (places[index - 1] ?? 0)))
          throw new Error(`out of order: ${places.join()}`);
        delivered += checkCommands(peer.frames);
      }
      expect(delivered).toBe(expected);
    };
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), keepsOrder), { numRuns: 150 });
  });

  it('holds with more senders than the gateway’s limit of pending shared batches', () => {
    const turn = new Turn();
    turn.fixture.clock.settle();
    for (let count = 0; count < 200; count += 1) turn.join();
    turn.fixture.clock.settle();
    for (let by = 0; by < 200; by += 1) turn.take({ kind: 'command', by, to: 'below' });
    turn.fixture.clock.settle();
    turn.everybody.slice(0, 200).forEach((peer, rank) => {
      const commands = peer.frames.filter(({ type }) => type === 'command');
      expect(commands.map(({ from }) => (from as { rank: number }).rank)).toEqual([...Array(rank).keys()]);
    });
  });

  it('writes a view and the commands of the same flush cycle in one write', () => {
    const turn = new Turn();
    turn.fixture.clock.settle();
    const below = turn.everybody.slice(2);
    const written = below.map(({ connection }) => connection.written.length);
    turn.take({ kind: 'leave', by: 0 });
    turn.take({ kind: 'command', by: 0, to: 'below' });
    turn.take({ kind: 'leave', by: 1 });
    turn.take({ kind: 'command', by: 0, to: 'below' });
    turn.fixture.clock.settle();
    expect(below.slice(1).map(({ connection }) => connection.written.length)).toEqual(
      written.slice(1).map(count => count + 1),
    );
  });

  it('writes once to each recipient, for any number of commands in a flush cycle', () => {
    const turn = new Turn();
    turn.fixture.clock.settle();
    const written = turn.everybody.map(({ connection }) => connection.written.length);
    for (let count = 0; count < 20; count += 1) turn.take({ kind: 'command', by: count % 4, to: 'below' });
    turn.fixture.clock.settle();
    expect(turn.everybody.map(({ connection }) => connection.written.length)).toEqual(written.map(count => count + 1));
    const last = turn.everybody.slice(4).map(({ connection }) => connection.written.at(-1));
    expect(new Set(last).size).toBe(1);
  });
});

function isAccepted({ type, accepted, recipients }: Frame): boolean {
  return type === 'receipt' && accepted === true && recipients !== undefined;
}

/** Checks that each command comes from a superior, once, and after its view. Returns the number of commands. */
function checkCommands(frames: readonly Frame[]): number {
  let rank = Number.NaN;
  const seen = new Set<unknown>();
  for (const frame of frames) {
    if (frame.type === 'welcome' || frame.type === 'view') rank = Number(frame['rank']);
    if (frame.type !== 'command') continue;
    expect((frame['from'] as { rank: number }).rank).toBeLessThan(rank);
    expect(seen.has(frame['seq'])).toBe(false);
    seen.add(frame['seq']);
  }
  return seen.size;
}

describe('A flush cycle in which one group sends so much that its frames are written before the end', () => {
  it('R-CMD-3 sends all receipts to a sender in another group, which receives nothing else', () => {
    const fixture = new GatewayFixture({ RANKD_BACKLOG_BYTES_MAX: '65536' });
    const [calm, busy] = ['calm', 'busy'].map(group => Array.from({ length: 6 }, () => fixture.join({ group })));
    const order = (id: string): object => ({
      type: 'command',
      id,
      name: 'work',
      args: 'x'.repeat(1000),
      reply: 'none',
    });
    calm?.[0]?.sendUnflushed(order('c1'), order('c2'));
    busy?.[0]?.sendUnflushed(...Array.from({ length: 40 }, (_, number) => order(`b${number}`)));
    fixture.clock.settle();
    const receiptsOf = (frames: readonly Frame[] = []): unknown[] =>
      frames.filter(({ type }) => type === 'receipt').map(({ id }) => id);
    expect(receiptsOf(calm?.[0]?.frames)).toEqual(['c1', 'c2']);
    expect(receiptsOf(busy?.[0]?.frames)).toHaveLength(40);
  });
});
