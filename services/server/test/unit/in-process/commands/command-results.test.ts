import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { at, byeOf, type Frame, type Joined, numberIn, type RawPeer } from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';

let server: InProcessServer;

beforeAll(async () => {
  server = await InProcessServer.start();
});
afterEach(() => server.hangUp());
afterAll(() => server.dispose());

interface Ordered {
  readonly sender: Joined;
  /** The members of rank 1 and up. */
  readonly recipients: readonly Joined[];
  readonly seq: number;
}

/** Sends a command of the leader to `count` members below it, and waits until each has received it. */
async function ordered(count: number, fields: object = {}): Promise<Ordered> {
  const members = await server.joinMany(count + 1, server.freshGroup());
  const sender = at(members, 0);
  sender.peer.send({ type: 'command', id: 'job', name: 'print', ...fields });
  const seq = numberIn(await sender.peer.next('receipt'), 'seq');
  const recipients = members.slice(1);
  for (const { peer } of recipients) await peer.next('command');
  return { sender, recipients, seq };
}

const done = (seq: number, fields: object = {}): object => ({ type: 'result', seq, status: 'done', ...fields });

const nobody = { done: 0, failed: 0, refused: 0, expired: 0, left: 0 };

const named = ({ id, welcome }: Joined, rank: number): object => ({ member: id, rank, name: welcome['name'] });

/** The error that answers a result; undefined if it was accepted or ignored. */
async function errorFor(peer: RawPeer, result: object): Promise<Frame | undefined> {
  peer.send(result);
  await peer.barrier();
  return peer.untakenFrames.some(({ type }) => type === 'error') ? await peer.next('error') : undefined;
}

describe('R-CMD-5 A result is accepted once, only from a recipient, only while it is awaited', () => {
  it('rejects a second one with UNEXPECTED_RESULT while others are awaited, with LATE_RESULT after the outcome', async () => {
    const { sender, recipients, seq } = await ordered(2);
    const [first, second] = [at(recipients, 0).peer, at(recipients, 1).peer];
    expect(await errorFor(first, done(seq))).toBeUndefined();
    expect(await errorFor(first, { type: 'result', seq, status: 'failed' })).toMatchObject({
      code: 'UNEXPECTED_RESULT',
      seq,
    });
    expect(await errorFor(second, done(seq))).toBeUndefined();
    expect(await sender.peer.next('outcome')).toMatchObject({ ...nobody, done: 2 });
    expect(await errorFor(second, done(seq))).toMatchObject({ type: 'error', code: 'LATE_RESULT', seq });
    expect(await sender.peer.awaitUntakenFrames()).toEqual([]);
  });

  it('rejects one from a member that is not a recipient, or for an unknown seq, with UNEXPECTED_RESULT', async () => {
    const { sender, recipients, seq } = await aimedAtLast();
    const bystander = at(recipients, 0).peer;
    expect(await errorFor(bystander, done(seq))).toMatchObject({ code: 'UNEXPECTED_RESULT', seq });
    expect(await errorFor(sender.peer, done(seq))).toMatchObject({ code: 'UNEXPECTED_RESULT', seq });
    expect(await errorFor(bystander, done(seq + 1000))).toMatchObject({ code: 'UNEXPECTED_RESULT', seq: seq + 1000 });
    at(recipients, 1).peer.send(done(seq));
    expect(await sender.peer.next('outcome')).toMatchObject({ ...nobody, done: 1, recipients: 1 });
  });

  it('rejects one after the deadline with LATE_RESULT, and does not change the outcome', async () => {
    const { sender, recipients, seq } = await ordered(1, { deadlineMs: 50 });
    expect(await sender.peer.next('outcome')).toMatchObject({ ...nobody, expired: 1 });
    expect(await errorFor(at(recipients, 0).peer, done(seq))).toMatchObject({ code: 'LATE_RESULT', seq });
    expect(await sender.peer.awaitUntakenFrames()).toEqual([]);
  });

  it('ignores a result of another epoch, and accepts one of the current epoch', async () => {
    const { sender, recipients, seq } = await ordered(1);
    const { peer, welcome } = at(recipients, 0);
    const epoch = numberIn(welcome, 'epoch');
    expect(await errorFor(peer, { type: 'result', seq, status: 'failed', epoch: epoch - 1 })).toBeUndefined();
    expect(await errorFor(peer, { type: 'result', seq: 9999, status: 'failed', epoch: epoch + 1 })).toBeUndefined();
    expect(await sender.peer.awaitUntakenFrames()).toEqual([]);
    expect(await errorFor(peer, done(seq, { epoch }))).toBeUndefined();
    expect(await sender.peer.next('outcome')).toMatchObject({ ...nobody, done: 1 });
  });

  it('accepts a result in the same segment as the FIN', async () => {
    const { sender, recipients, seq } = await ordered(2, { reply: 'each' });
    await server.whileStopped(() => at(recipients, 0).peer.sendAndFin(done(seq, { value: 'last words' })));
    expect(await sender.peer.next('result')).toMatchObject({ status: 'done', value: 'last words' });
    expect(await at(recipients, 1).peer.next('view')).toMatchObject({ rank: 1, cause: { reason: 'CLOSED' } });
    at(recipients, 1).peer.send(done(seq));
    expect(await sender.peer.next('outcome')).toMatchObject({ ...nobody, done: 2, missing: [] });
  });
});

/** Ranks 0, 1 and 2; rank 0 has sent a command to rank 2. */
async function aimedAtLast(): Promise<Ordered> {
  const [sender, ...recipients] = await server.joinMany(3, server.freshGroup());
  if (sender === undefined) throw new Error('no member joined');
  sender.peer.send({ type: 'command', id: 'job', name: 'print', to: { ranks: [2] } });
  const seq = numberIn(await sender.peer.next('receipt'), 'seq');
  await at(recipients, 1).peer.next('command');
  return { sender, recipients, seq };
}

describe('R-CMD-6 Every recipient ends in exactly one way, and reply selects what the sender receives', () => {
  it('sends with reply each every result as it ends, then the outcome', async () => {
    const { sender, recipients, seq } = await ordered(4, { reply: 'each', deadlineMs: 1200 });
    const error = { code: 'DISK', message: 'full' };
    const own = [done(seq, { value: [1] }), { type: 'result', seq, status: 'failed', error, extra: 1 }];
    for (const [index, result] of own.entries()) at(recipients, index).peer.send(result);
    const [first, second] = [await sender.peer.next('result'), await sender.peer.next('result')];
    at(recipients, 2).peer.send({ type: 'leave' });
    const [third, fourth] = [await sender.peer.next('result'), await sender.peer.next('result')];
    const ms = expect.any(Number) as unknown;
    const from = (index: number): object => named(at(recipients, index), index + 1);
    const common = { type: 'result', id: 'job', seq, ms };
    expect([first, second].sort((a, b) => String(a['status']).localeCompare(String(b['status'])))).toEqual([
      { ...common, from: from(0), status: 'done', value: [1] },
      { ...common, from: from(1), status: 'failed', error },
    ]);
    expect(third).toEqual({ ...common, from: from(2), status: 'left' });
    expect(fourth).toEqual({ ...common, from: from(3), status: 'expired' });
    const outcome = await sender.peer.next('outcome');
    expect(outcome).toMatchObject({
      id: 'job',
      seq,
      recipients: 4,
      done: 1,
      failed: 1,
      refused: 0,
      expired: 1,
      left: 1,
    });
    expect(await sender.peer.awaitUntakenFrames()).toEqual([]);
  });

  it('sends with reply outcome only the outcome, with missing members by rank', async () => {
    const { sender, recipients, seq } = await ordered(5, { deadlineMs: 1200 });
    const refusal = { type: 'result', seq, status: 'refused', error: { code: 'DEADLINE_PASSED' } };
    at(recipients, 4).peer.send(refusal);
    await at(recipients, 4).peer.barrier();
    at(recipients, 2).peer.destroy();
    await at(recipients, 4).peer.next('view');
    at(recipients, 0).peer.send(done(seq, { value: 'unheard' }));
    at(recipients, 1).peer.send({ type: 'result', seq, status: 'failed' });
    const missing = ['failed', 'left', 'expired', 'refused'].map((status, index) => ({
      ...named(at(recipients, index + 1), index + 2),
      status,
      ...(status === 'refused' ? { code: 'DEADLINE_PASSED' } : {}),
    }));
    expect(await sender.peer.next()).toEqual({
      type: 'outcome',
      id: 'job',
      seq,
      recipients: 5,
      done: 1,
      failed: 1,
      refused: 1,
      expired: 1,
      left: 1,
      missing,
      ms: expect.any(Number),
    });
    expect(await sender.peer.awaitUntakenFrames()).toEqual([]);
  });

  it('tracks nothing with reply none: it requests no result and frees the id at once', async () => {
    const members = await server.joinMany(2, server.freshGroup());
    const [sender, recipient] = [at(members, 0), at(members, 1)];
    const order = { type: 'command', id: 'job', name: 'print', reply: 'none', deadlineMs: 50 };
    sender.peer.send(order, order, order);
    const receipts = [
      await sender.peer.next('receipt'),
      await sender.peer.next('receipt'),
      await sender.peer.next('receipt'),
    ];
    expect(receipts.map(({ accepted }) => accepted)).toEqual([true, true, true]);
    expect(await recipient.peer.next('command')).toMatchObject({ reply: false });
    expect(await errorFor(recipient.peer, done(numberIn(at(receipts, 0), 'seq')))).toMatchObject({ type: 'error' });
    // The tracked command with the same deadline has expired. No frame was sent for the others.
    sender.peer.send({ ...order, reply: 'outcome' });
    await sender.peer.next('receipt');
    expect(await sender.peer.next()).toMatchObject({ type: 'outcome', expired: 1 });
  });

  it.each<readonly [string, (peer: RawPeer) => void]>([
    ['leave', peer => peer.send({ type: 'leave' })],
    ['FIN', peer => peer.destroy()],
    ['RST', peer => peer.reset()],
    ['a bad frame', peer => peer.sendRaw('nonsense\n')],
  ])('counts a recipient that leaves by %s as left, at once', async (_, go) => {
    const { sender, recipients } = await ordered(2);
    for (const { peer } of recipients) go(peer);
    const statuses = recipients.map((recipient, index) => ({ ...named(recipient, index + 1), status: 'left' }));
    const outcome = await sender.peer.next('outcome');
    expect(outcome).toMatchObject({ ...nobody, left: 2, missing: statuses });
    expect(outcome['ms']).toBe(0);
  });

  it('accepts the result of a recipient that has been promoted', async () => {
    const { sender, recipients, seq } = await ordered(2, { reply: 'each' });
    at(recipients, 0).peer.send({ type: 'leave' });
    await at(recipients, 1).peer.next('view');
    at(recipients, 1).peer.send(done(seq));
    expect(await sender.peer.next('result')).toMatchObject({ status: 'left', from: { rank: 1 } });
    expect(await sender.peer.next('result')).toMatchObject({ status: 'done', from: { rank: 2 } });
    expect(await sender.peer.next('outcome')).toMatchObject({ done: 1, left: 1 });
  });
});

describe('R-CMD-7 Exactly one outcome, when the last recipient has ended or soon after the deadline', () => {
  it('arrives with the last result, not with the deadline', async () => {
    const { sender, recipients, seq } = await ordered(3);
    for (const { peer } of recipients) peer.send(done(seq));
    const outcome = await sender.peer.next('outcome');
    expect(outcome).toMatchObject({ ...nobody, done: 3, missing: [] });
    expect(outcome['ms']).toBe(0);
  });

  it.each([1, 20, 300])('arrives within 100 ms of a deadline of %d ms', async deadlineMs => {
    const startedMs = server.time.nowMs();
    const { sender } = await ordered(2, { deadlineMs });
    const outcome = await sender.peer.next('outcome');
    expect(outcome).toMatchObject({ ...nobody, expired: 2, recipients: 2 });
    expect(numberIn(outcome, 'ms')).toBeGreaterThanOrEqual(deadlineMs - 1);
    expect(numberIn(outcome, 'ms')).toBeLessThan(deadlineMs + 100);
    expect(server.time.nowMs() - startedMs).toBeGreaterThanOrEqual(deadlineMs);
  });

  it('arrives once for each of many commands, in any order of their results', async () => {
    const members = await server.joinMany(4, server.freshGroup());
    const sender = at(members, 0);
    const ids = Array.from({ length: 100 }, (_, index) => `id-${index}`);
    sender.peer.send(...ids.map(id => ({ type: 'command', id, name: 'print' })));
    const seqs = new Map<unknown, unknown>();
    for (const id of ids)
      seqs.set(id, (await sender.peer.until(frame => frame.type === 'receipt' && frame['id'] === id))['seq']);
    for (const [index, { peer }] of members.slice(1).entries()) {
      const turned = [...seqs.values()].map((_, place, all) => at(all, (place * 7 + index * 13) % all.length));
      peer.send(...turned.map(seq => done(Number(seq))));
    }
    for (const id of ids) {
      const outcome = await sender.peer.until(frame => frame.type === 'outcome' && frame['id'] === id);
      expect(outcome).toMatchObject({ ...nobody, done: 3, seq: seqs.get(id) });
    }
    expect(await sender.peer.awaitUntakenFrames()).toEqual([]);
  });

  it('arrives after the last result, and the receipt before the first', async () => {
    const members = await server.joinMany(3, server.freshGroup());
    const sender = at(members, 0);
    for (const { peer } of members.slice(1)) {
      void peer.next('command').then(({ seq }) => peer.send(done(Number(seq))));
    }
    sender.peer.send({ type: 'command', id: 'job', name: 'print', reply: 'each' });
    await sender.peer.until(({ type }) => type === 'outcome');
    const types = sender.peer.frames.map(({ type }) => type).filter(type => type !== 'ping');
    expect(types).toEqual(['welcome', 'receipt', 'result', 'result', 'outcome']);
  });
});

describe('R-CMD-8 The command of a sender that leaves is executed', () => {
  it.each<readonly [string, (peer: RawPeer) => void]>([
    ['leave', peer => peer.send({ type: 'leave' })],
    ['RST', peer => peer.reset()],
  ])('accepts results after the sender left by %s, and sends them to no member', async (_, go) => {
    const { sender, recipients, seq } = await ordered(2, { reply: 'each' });
    go(sender.peer);
    for (const { peer } of recipients) await peer.next('view');
    for (const { peer } of recipients) expect(await errorFor(peer, done(seq))).toBeUndefined();
    expect(await errorFor(at(recipients, 1).peer, done(seq))).toMatchObject({ code: 'LATE_RESULT' });
    expect(await at(recipients, 0).peer.awaitUntakenFrames()).toEqual([]);
  });

  it('delivers a command whose sender leaves in the same write', async () => {
    const members = await server.joinMany(2, server.freshGroup());
    const [sender, recipient] = [at(members, 0), at(members, 1)];
    sender.peer.send({ type: 'command', id: 'job', name: 'print', args: 'last' }, { type: 'leave' });
    expect(await byeOf(sender.peer)).toMatchObject({ code: 'LEFT' });
    const frames = await recipient.peer.awaitUntakenFrames();
    expect(frames).toMatchObject([
      { type: 'command', args: 'last', from: { rank: 0 }, view: 2 },
      { type: 'view', rank: 0 },
    ]);
    expect(sender.peer.frames.map(({ type }) => type)).toEqual(['welcome', 'receipt', 'bye']);
  });
});
