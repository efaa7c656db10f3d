import { describe, expect, it } from '@jest/globals';
import { FakeConnection } from '../fake-connection.js';
import { type Frame, GatewayFixture, type InMemoryPeer } from '../gateway-fixture.js';

const KB = 1024;
const STALL_MS = 1000;
/** Results wait from an eighth of this backlog on: 32 KB. */
const LIMIT_KB = 256;
const VALUE = 'x'.repeat(30 * KB);
const DEADLINE_MS = 20_000;

/** An asker that reads only what the test asks it to read, and members below it that answer. */
class AskingFixture extends GatewayFixture {
  readonly asker: InMemoryPeer;
  readonly members: readonly InMemoryPeer[];
  readonly #hello: object;

  constructor(members: number, hello: object = {}, env: Readonly<Record<string, string>> = {}) {
    super({ RANKD_BACKLOG_BYTES_MAX: String(LIMIT_KB * KB), RANKD_STALL_MS: String(STALL_MS), ...env });
    this.#hello = { heartbeat: false, ...hello };
    this.asker = this.join(this.#hello, new FakeConnection(8 * KB));
    this.members = Array.from({ length: members }, () => this.join());
  }

  /** Asks all members for results, and returns the seq of the command. */
  ask(id: string, { reply = 'each', deadlineMs = DEADLINE_MS }: { reply?: string; deadlineMs?: number } = {}): number {
    const to = { ranks: this.members.map((_, index) => index + ('role' in this.#hello ? 0 : 1)) };
    const command = { id, name: 'go', reply, deadlineMs, to };
    const isAdmin = 'token' in this.#hello;
    this.asker.connection.readBytes(2 * KB);
    this.asker.send(isAdmin ? { type: 'admin', action: 'command', ...command } : { type: 'command', ...command });
    return Number(this.members[0]?.frames.findLast(({ type }) => type === 'command')?.['seq']);
  }

  answer(seq: number, members: readonly InMemoryPeer[] = this.members, value: unknown = VALUE): void {
    for (const member of members) member.send({ type: 'result', seq, status: 'done', value });
  }

  wait(ms: number): void {
    this.advance(ms, ...this.members);
  }

  get readings(): string[] {
    return this.members.map(({ connection }) => connection.reading);
  }

  /** The frames that the asker was sent, whether it has read them or not. */
  sent(type: string): Frame[] {
    return this.asker.frames.filter(frame => frame.type === type);
  }

  byesOf(peers: readonly InMemoryPeer[]): unknown[] {
    return peers.flatMap(({ frames }) => frames.filter(({ type }) => type === 'bye').map(({ code }) => code));
  }
}

const askers: [string, object][] = [
  ['member', {}],
  ['member that asks as an administrator', { token: 'admin' }],
  ['observer that asks as an administrator', { token: 'admin', role: 'observer' }],
];

describe('R-FLOW-1 A member that answers is slowed by the pace of the session that asked', () => {
  it.each(askers)('stops reading from members while the backlog of a %s is over an eighth', (_, hello) => {
    const fixture = new AskingFixture(12, hello);
    fixture.answer(fixture.ask('1'));
    const before = fixture.sent('result').length;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(12);
    expect(fixture.readings.filter(reading => reading === 'paused').length).toBeGreaterThan(5);
    for (let round = 0; round < 20; round += 1) {
      fixture.asker.connection.readBytes(40 * KB);
      fixture.wait(50);
      expect(fixture.asker.connection.backlogBytes).toBeLessThan((LIMIT_KB / 4) * KB);
    }
    expect(fixture.sent('result').map(({ status }) => status)).toEqual(
      Array(fixture.sent('result').length).fill('done'),
    );
    expect(fixture.sent('outcome')).toMatchObject([{ id: '1', expired: 0, left: 0 }]);
    expect(fixture.readings).toEqual(Array(12).fill('reading'));
    expect(fixture.byesOf([fixture.asker, ...fixture.members])).toEqual([]);
  });

  it('serves the waiting members in turns, although one has answered many commands', () => {
    const fixture = new AskingFixture(6);
    const seqs = ['1', '2', '3', '4'].map(id => fixture.ask(id));
    const [greedy, ...others] = fixture.members;
    if (greedy === undefined) throw new Error('no member');
    for (const seq of seqs) fixture.answer(seq, [greedy], 'x'.repeat(60 * KB));
    expect(greedy.connection.reading).toBe('paused');
    for (const seq of seqs) fixture.answer(seq, others);
    for (let round = 0; round < 60; round += 1) {
      fixture.asker.connection.readBytes(40 * KB);
      fixture.wait(50);
    }
    const ranks = fixture.sent('result').map(({ from }) => (from as { rank: number }).rank);
    expect(ranks).toHaveLength(24);
    for (const rank of [2, 3, 4, 5, 6]) expect(ranks.indexOf(rank)).toBeLessThan(ranks.lastIndexOf(1));
  });

  it.each(['outcome', 'none'])('does not stop reading if the sender has asked with reply %s', reply => {
    const fixture = new AskingFixture(12);
    fixture.answer(fixture.ask('1', { reply }));
    expect(fixture.readings).toEqual(Array(12).fill('reading'));
  });

  it('reads on if the session that asked has ended', () => {
    const fixture = new AskingFixture(12);
    fixture.answer(fixture.ask('1'));
    fixture.asker.close();
    fixture.wait(100);
    expect(fixture.readings).toEqual(Array(12).fill('reading'));
  });

  it('does not hold the frames of others, nor those of members that do not answer', () => {
    const fixture = new AskingFixture(12);
    const other = fixture.join();
    fixture.answer(fixture.ask('1'), fixture.members);
    other.send({ type: 'ping', n: 7 });
    expect(other.lastFrame).toEqual({ type: 'pong', n: 7 });
  });

  it('handles the frames after a waiting result in order', () => {
    const fixture = new AskingFixture(6);
    const seq = fixture.ask('1');
    fixture.answer(seq, fixture.members.slice(0, 5));
    const last = fixture.members[5];
    last?.send({ type: 'result', seq, status: 'done', value: VALUE }, { type: 'leave' });
    expect(last?.connection.reading).toBe('paused');
    for (let round = 0; round < 20; round += 1) {
      fixture.asker.connection.readBytes(40 * KB);
      fixture.wait(50);
    }
    expect(fixture.sent('outcome')).toMatchObject([{ done: 6, left: 0 }]);
    expect(fixture.byesOf(fixture.members)).toEqual(['LEFT']);
  });
});

describe('R-FLOW-1 A subordinate never ends a superior', () => {
  it('ends the asker with SLOW_CONSUMER only when it has read nothing for RANKD_STALL_MS', () => {
    const fixture = new AskingFixture(12);
    fixture.answer(fixture.ask('1'));
    fixture.wait(STALL_MS - 100);
    expect(fixture.byesOf([fixture.asker])).toEqual([]);
    fixture.wait(200);
    expect(fixture.byesOf([fixture.asker])).toEqual(['SLOW_CONSUMER']);
    fixture.wait(100);
    expect(fixture.readings).toEqual(Array(12).fill('reading'));
  });

  it('keeps an asker that reads a little all the time, and reads again from the members after RANKD_STALL_MS', () => {
    const fixture = new AskingFixture(12);
    fixture.answer(fixture.ask('1', { deadlineMs: 4000 }));
    const trickle = (ms: number): void => {
      for (let left = ms; left > 0; left -= 50) {
        fixture.asker.connection.readBytes(50);
        fixture.wait(50);
      }
    };
    trickle(STALL_MS - 100);
    expect(fixture.readings).toContain('paused');
    trickle(200);
    expect(fixture.readings).toEqual(Array(12).fill('reading'));
    trickle(4000);
    expect(fixture.byesOf([fixture.asker, ...fixture.members])).toEqual([]);
    const statuses = fixture.sent('result').map(({ status }) => status);
    expect(statuses).toContain('expired');
    expect(fixture.sent('outcome')).toMatchObject([{ id: '1', recipients: 12 }]);
  });

  it('answers LATE_RESULT to a result that has waited past the deadline, which has ended as expired', () => {
    const fixture = new AskingFixture(12);
    fixture.answer(fixture.ask('1', { deadlineMs: 500 }));
    const waiting = fixture.members.filter(({ connection }) => connection.reading === 'paused');
    fixture.wait(700);
    expect(fixture.sent('outcome')).toMatchObject([{ expired: waiting.length, done: 12 - waiting.length }]);
    for (const { lastFrame } of waiting) expect(lastFrame).toMatchObject({ type: 'error', code: 'LATE_RESULT' });
    expect(fixture.readings).toEqual(Array(12).fill('reading'));
  });

  it('does not count the silence of a paused member, even beyond deadMs', () => {
    const fixture = new AskingFixture(12, {}, { RANKD_STALL_MS: '5000' });
    fixture.answer(fixture.ask('1'));
    for (let round = 0; round < 40; round += 1) {
      fixture.asker.connection.readBytes(1);
      fixture.wait(50);
    }
    expect(fixture.readings).toContain('paused');
    expect(fixture.byesOf(fixture.members)).toEqual([]);
  });

  it('keeps an asker if many commands end at once at the smallest backlog limit', () => {
    const fixture = new AskingFixture(20, {}, { RANKD_BACKLOG_BYTES_MAX: '65536' });
    const seqs = Array.from({ length: 40 }, (_, id) => fixture.ask(`${id}`, { deadlineMs: 500 }));
    fixture.answer(seqs[0] ?? 0, fixture.members, 'x'.repeat(50 * KB));
    for (let round = 0; round < 20; round += 1) {
      fixture.asker.connection.readBytes(100);
      fixture.wait(50);
    }
    expect(fixture.byesOf([fixture.asker])).toEqual([]);
    expect(fixture.sent('outcome')).toHaveLength(40);
    expect(fixture.sent('result')).toHaveLength(800);
  });

  it('ends an asker when results without a value exceed its limit by more than ANSWER_RESERVE_BYTES', () => {
    const fixture = new AskingFixture(90, {}, { RANKD_BACKLOG_BYTES_MAX: '65536' });
    for (let id = 0; id < 80; id += 1) fixture.ask(`${id}`, { deadlineMs: 500 });
    fixture.wait(500);
    expect(fixture.byesOf([fixture.asker])).toEqual(['SLOW_CONSUMER']);
    const unreadBytes = fixture.asker.connection.text.length - (80 * 2 + 8) * KB;
    expect(unreadBytes).toBeGreaterThan(1024 * KB);
    expect(unreadBytes).toBeLessThan((1024 + 64 + 1) * KB);
  });

  it('keeps results of at most a frame in total of a member that has been paused for the longest time, and drops others', () => {
    const fixture = new AskingFixture(12, {}, { RANKD_FRAME_BYTES_MAX: '65536' });
    const seqs = Array.from({ length: 4 }, (_, id) => fixture.ask(`${id}`));
    for (const seq of seqs) fixture.answer(seq);
    for (let round = 0; round < 100; round += 1) {
      fixture.asker.connection.readBytes(50);
      fixture.wait(50);
    }
    expect(fixture.readings).toEqual(Array(12).fill('reading'));
    expect(fixture.byesOf([fixture.asker, ...fixture.members])).toEqual([]);
    const passedBefore = fixture.sent('result').length;
    for (let round = 0; round < 100; round += 1) {
      fixture.asker.connection.readBytes(100 * KB);
      fixture.wait(50);
    }
    // Two results of 30 kB fit into a frame of 64 KiB.
    expect(fixture.sent('result').filter(({ status }) => status === 'done')).toHaveLength(passedBefore + 12 * 2);
    fixture.wait(DEADLINE_MS);
    expect(fixture.sent('result')).toHaveLength(4 * 12);
    expect(fixture.sent('outcome')).toHaveLength(4);
  });
});

describe('R-FLOW-1 Results do not make a member slow for its superiors', () => {
  it('reads from a superior that commands an asker whose backlog is full of results', () => {
    const superior = { RANKD_STALL_MS: '1000' };
    const fixture = new AskingFixture(0, {}, superior);
    const boss = fixture.asker;
    boss.connection.readBytes(1_000_000_000);
    const middle = fixture.join({ heartbeat: false }, new FakeConnection(8 * KB));
    const members = Array.from({ length: 12 }, () => fixture.join());
    middle.send({ type: 'command', id: '1', name: 'go', reply: 'each', deadlineMs: DEADLINE_MS });
    const seq = Number(members[0]?.lastFrame?.['seq']);
    fixture.answer(seq, members);
    expect(members.map(({ connection }) => connection.reading)).toContain('paused');
    for (let id = 0; id < 5; id += 1)
      boss.send({ type: 'command', id: `${id}`, name: 'go', reply: 'none', to: { ranks: [1] } });
    expect(boss.connection.reading).toBe('reading');
    fixture.advance(STALL_MS - 100, ...members);
    expect(fixture.byesOf([middle])).toEqual([]);
  });
});
