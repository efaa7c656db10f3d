import { describe, expect, it } from '@jest/globals';
import { GatewayFixture, type InMemoryPeer } from '../gateway-fixture.js';

const KB = 1024;
/** Results may fill an eighth of this: 32 KB. */
const LIMIT_BYTES = 256 * KB;
const VALUE = 'x'.repeat(30 * KB);
const DEADLINE_MS = 20_000;

describe('R-FLOW-1 Results do not fill the buffers of the operating systems', () => {
  /** All bytes that the server writes are accepted by the operating system. */
  function askInFull(fixture: GatewayFixture): { asker: InMemoryPeer; members: InMemoryPeer[]; results: () => number } {
    const asker = fixture.join();
    const members = Array.from({ length: 6 }, () => fixture.join());
    asker.send({ type: 'command', id: '1', name: 'go', reply: 'each', deadlineMs: DEADLINE_MS });
    const seq = Number(members[0]?.lastFrame?.['seq']);
    for (const member of members) member.send({ type: 'result', seq, status: 'done', value: VALUE });
    return { asker, members, results: () => asker.frames.filter(({ type }) => type === 'result').length };
  }

  it('waits for the pong of a ping behind them, and continues at once when it arrives', () => {
    const fixture = new GatewayFixture({ RANKD_BACKLOG_BYTES_MAX: String(LIMIT_BYTES) });
    const { asker, members, results } = askInFull(fixture);
    for (let passed = 1; passed <= 6; passed += 1) {
      expect(results()).toBe(passed);
      fixture.clock.settle();
      expect(results()).toBe(passed);
      asker.pong();
    }
    expect(asker.frames.filter(({ type }) => type === 'outcome')).toMatchObject([{ done: 6 }]);
    fixture.advance(100, asker, ...members);
    expect(members.map(({ connection }) => connection.reading)).toEqual(Array(6).fill('reading'));
  });

  it('does not wait for more results than the share of RANKD_BACKLOG_BYTES_MAX', () => {
    const fixture = new GatewayFixture({ RANKD_BACKLOG_BYTES_MAX: String(32 * LIMIT_BYTES) });
    const { results } = askInFull(fixture);
    expect(results()).toBe(6);
  });

  it('sends no ping to an asker that was asked to yield', () => {
    const fixture = new GatewayFixture({ RANKD_BACKLOG_BYTES_MAX: String(LIMIT_BYTES) });
    const { asker, members, results } = askInFull(fixture);
    const admin = fixture.join({ role: 'observer', token: 'admin' });
    const deputy = String(members[0]?.frames.find(({ type }) => type === 'welcome')?.['member']);
    admin.send({ type: 'admin', id: 'm', action: 'move', member: deputy, rank: 0 });
    const pings = (): number => asker.frames.filter(({ type }) => type === 'ping').length;
    const before = pings();
    fixture.advance(300, ...members);
    expect(pings()).toBe(before);
    expect(results()).toBe(6);
  });
});
