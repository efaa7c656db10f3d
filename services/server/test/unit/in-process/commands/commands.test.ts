import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { at, byeOf, type Frame, type Joined, numberIn, textIn } from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';

const FRAME_BYTES_MAX = 8192;
const PAYLOAD_BYTES_MAX = FRAME_BYTES_MAX - 1024;
const DEADLINE_MAX_MS = 7000;
const OPEN_MAX = 3;

let server: InProcessServer;

beforeAll(async () => {
  server = await InProcessServer.start({
    RANKD_FRAME_BYTES_MAX: String(FRAME_BYTES_MAX),
    RANKD_DEADLINE_MAX_MS: String(DEADLINE_MAX_MS),
    RANKD_COMMANDS_OPEN_MAX: String(OPEN_MAX),
  });
});
afterEach(() => server.hangUp());
afterAll(() => server.dispose());

const command = (fields: object = {}): object => ({ type: 'command', id: '1', name: 'print', ...fields });

/** Sends the command and receives its receipt. */
async function order({ peer }: Joined, fields: object = {}): Promise<Frame> {
  peer.send(command(fields));
  return await peer.next('receipt');
}

/** Ranks 0 to 5. Ranks 1, 3 and 5 have the name odd; ranks 0, 2 and 4 the tag side=left, and rank 4 also colour=red. */
async function six(): Promise<Joined[]> {
  return await server.joinMany(6, server.freshGroup(), rank => ({
    name: rank % 2 === 1 ? 'odd' : `even-${rank}`,
    tags: rank % 2 === 1 ? {} : { side: 'left', ...(rank === 4 ? { colour: 'red' } : {}) },
  }));
}

/** The members that have an untaken command, after all commands were delivered. */
async function ranksThatGotOne(members: readonly Joined[]): Promise<number[]> {
  const received = await Promise.all(members.map(({ peer }) => peer.awaitUntakenFrames()));
  const counts = received.map(frames => frames.filter(({ type }) => type === 'command').length);
  expect(Math.max(...counts)).toBeLessThanOrEqual(1);
  return counts.flatMap((count, rank) => (count === 1 ? [rank] : []));
}

interface Case {
  readonly title: string;
  readonly to: (members: readonly Joined[]) => unknown;
  readonly got: readonly number[];
  readonly refused: readonly number[];
  readonly unmatched?: readonly (number | string)[];
}

const idsOf = (members: readonly Joined[], ...ranks: number[]): string[] => ranks.map(rank => at(members, rank).id);

const cases: readonly Case[] = [
  { title: 'nothing', to: () => undefined, got: [3, 4, 5], refused: [] },
  { title: '"below"', to: () => 'below', got: [3, 4, 5], refused: [] },
  { title: '"all"', to: () => 'all', got: [3, 4, 5], refused: [0, 1] },
  { title: 'ranks below', to: () => ({ ranks: [5, 3] }), got: [3, 5], refused: [] },
  {
    title: 'ranks on both sides, itself, unknown',
    to: () => ({ ranks: [4, 99, 2, 0] }),
    got: [4],
    refused: [0, 2],
    unmatched: [99],
  },
  { title: 'a repeated rank', to: () => ({ ranks: [4, 4, 1, 1] }), got: [4], refused: [1] },
  {
    title: 'members',
    to: m => ({ members: [...idsOf(m, 5, 0, 5), 'nobody'] }),
    got: [5],
    refused: [0],
    unmatched: ['nobody'],
  },
  { title: 'itself and one below', to: m => ({ members: idsOf(m, 2, 3) }), got: [3], refused: [2] },
  {
    title: 'all members with a name',
    to: () => ({ names: ['odd', 'nobody'] }),
    got: [3, 5],
    refused: [1],
    unmatched: ['nobody'],
  },
  { title: 'several names', to: () => ({ names: ['even-4', 'even-0'] }), got: [4], refused: [0] },
  { title: 'a tag, among subordinates', to: () => ({ tags: { side: 'left' } }), got: [4], refused: [] },
  { title: 'two tags', to: () => ({ tags: { side: 'left', colour: 'red' } }), got: [4], refused: [] },
];

describe('R-CMD-1 `to` selects the targets of a command; R-CMD-2 only subordinates may execute it', () => {
  it.each(cases)('reaches the members that $title selects', async ({ to, got, refused, unmatched }) => {
    const members = await six();
    const receipt = await order(at(members, 2), { to: to(members) });
    expect(receipt).toEqual({
      type: 'receipt',
      id: '1',
      accepted: true,
      seq: 7,
      view: 6,
      recipients: got.length,
      deadlineMs: 5000,
      refused: refused.map(rank => ({
        member: at(members, rank).id,
        rank,
        name: at(members, rank).welcome['name'],
        code: 'OUTRANKED',
      })),
      refusedCount: refused.length,
      ...(unmatched === undefined ? {} : { unmatched }),
    });
    expect(await ranksThatGotOne(members)).toEqual(got);
  });

  it('judges ranks at the command’s place in the order', async () => {
    const members = await six();
    at(members, 0).peer.send({ type: 'leave' });
    await byeOf(at(members, 0).peer);
    const stayed = members.slice(1);
    expect(await order(at(stayed, 0), { to: { ranks: [0, 1, 5] } })).toMatchObject({ recipients: 1, refusedCount: 1 });
    expect(await ranksThatGotOne(stayed)).toEqual([1]);
  });

  it('accepts a command of a promoted member only for members that are now below it', async () => {
    const members = await server.joinMany(3, server.freshGroup());
    expect(await order(at(members, 2), { to: { ranks: [0, 1] } })).toMatchObject({
      code: 'OUTRANKED',
      refusedCount: 2,
    });
    at(members, 0).peer.send({ type: 'leave' });
    await at(members, 2).peer.next('view');
    expect(await order(at(members, 2), { to: { ranks: [0] } })).toMatchObject({ accepted: false, code: 'OUTRANKED' });
    expect(await order(at(members, 1), { to: { ranks: [1] } })).toMatchObject({ accepted: true, recipients: 1 });
  });
});

interface Rejected {
  readonly title: string;
  readonly rank: number;
  readonly to: (members: readonly Joined[]) => unknown;
  readonly code: string;
  readonly refused: readonly number[];
  readonly unmatched?: readonly (number | string)[];
}

const rejections: readonly Rejected[] = [
  { title: 'a superior by rank', rank: 2, to: () => ({ ranks: [0] }), code: 'OUTRANKED', refused: [0] },
  { title: 'itself by rank', rank: 2, to: () => ({ ranks: [2] }), code: 'OUTRANKED', refused: [2] },
  { title: 'itself, being the leader', rank: 0, to: () => ({ ranks: [0] }), code: 'OUTRANKED', refused: [0] },
  {
    title: 'superiors, unknown',
    rank: 2,
    to: () => ({ ranks: [1, 99, 0] }),
    code: 'OUTRANKED',
    refused: [0, 1],
    unmatched: [99],
  },
  { title: 'a superior by member', rank: 5, to: m => ({ members: idsOf(m, 4) }), code: 'OUTRANKED', refused: [4] },
  { title: 'superiors by name', rank: 5, to: () => ({ names: ['odd'] }), code: 'OUTRANKED', refused: [1, 3, 5] },
  { title: 'all, from the last rank', rank: 5, to: () => 'all', code: 'OUTRANKED', refused: [0, 1, 2, 3, 4] },
  {
    title: 'an unknown rank',
    rank: 2,
    to: () => ({ ranks: [6] }),
    code: 'NO_SUCH_TARGET',
    refused: [],
    unmatched: [6],
  },
  { title: 'no rank', rank: 2, to: () => ({ ranks: [] }), code: 'NO_SUCH_TARGET', refused: [] },
  {
    title: 'an unknown member',
    rank: 0,
    to: () => ({ members: ['m0'] }),
    code: 'NO_SUCH_TARGET',
    refused: [],
    unmatched: ['m0'],
  },
  {
    title: 'an unknown name',
    rank: 0,
    to: () => ({ names: ['eve'] }),
    code: 'NO_SUCH_TARGET',
    refused: [],
    unmatched: ['eve'],
  },
  { title: 'below, from the last rank', rank: 5, to: () => 'below', code: 'NO_RECIPIENTS', refused: [] },
  {
    title: 'tags of superiors only',
    rank: 4,
    to: () => ({ tags: { side: 'left' } }),
    code: 'NO_RECIPIENTS',
    refused: [],
  },
  {
    title: 'a tag with another value',
    rank: 0,
    to: () => ({ tags: { side: 'right' } }),
    code: 'NO_RECIPIENTS',
    refused: [],
  },
];

describe('R-CMD-3 Exactly one receipt per command, with accepted false if no member may execute it', () => {
  it.each(rejections)('sends $code for $title', async ({ rank, to, code, refused, unmatched }) => {
    const members = await six();
    const sender = at(members, rank);
    const receipt = await order(sender, { to: to(members) });
    expect(receipt).toMatchObject({ id: '1', accepted: false, code, refusedCount: refused.length });
    expect(receipt['refused']).toMatchObject(refused.map(each => ({ rank: each, member: at(members, each).id, code })));
    expect(receipt['unmatched']).toEqual(unmatched);
    expect(textIn(receipt, 'message')).not.toBe('');
    expect(receipt).not.toHaveProperty('seq');
    expect(await ranksThatGotOne(members)).toEqual([]);
    expect(await sender.peer.awaitUntakenFrames()).toEqual([]);
  });

  it('sends NO_RECIPIENTS to the only member', async () => {
    const alone = await server.join({ group: server.freshGroup() });
    expect(await order(alone)).toMatchObject({ code: 'NO_RECIPIENTS', refused: [] });
    expect(await order(alone, { to: 'all' })).toMatchObject({ code: 'NO_RECIPIENTS', refused: [] });
  });

  it('uses no seq for a rejected command', async () => {
    const members = await server.joinMany(3, server.freshGroup());
    const sender = at(members, 1);
    expect(await order(sender)).toMatchObject({ accepted: true, seq: 4 });
    expect(await order(sender, { id: '2', to: { ranks: [0] } })).toMatchObject({ accepted: false });
    expect(await order(sender, { id: '3' })).toMatchObject({ accepted: true, seq: 5 });
  });

  it('sends DUPLICATE_ID while the id is open, and only for the same member', async () => {
    const members = await server.joinMany(3, server.freshGroup());
    const [sender, other, last] = [at(members, 0), at(members, 1), at(members, 2)];
    const { seq } = await order(sender, { to: { ranks: [2] } });
    expect(await order(sender)).toMatchObject({ id: '1', accepted: false, code: 'DUPLICATE_ID' });
    expect(await order(sender, { reply: 'none' })).toMatchObject({ code: 'DUPLICATE_ID' });
    expect(await order(other)).toMatchObject({ id: '1', accepted: true });
    last.peer.send({ type: 'result', seq, status: 'done' });
    await sender.peer.next('outcome');
    expect(await order(sender)).toMatchObject({ id: '1', accepted: true });
  });

  it('sends TOO_MANY_OPEN past RANKD_COMMANDS_OPEN_MAX of one member, until one command has ended', async () => {
    const members = await server.joinMany(3, server.freshGroup());
    const [sender, other, last] = [at(members, 0), at(members, 1), at(members, 2)];
    const { seq } = await order(sender, { id: '0', to: { ranks: [2] } });
    for (let id = 1; id < OPEN_MAX; id += 1) await order(sender, { id: String(id) });
    expect(await order(sender, { id: 'one too many' })).toMatchObject({ accepted: false, code: 'TOO_MANY_OPEN' });
    expect(await order(other)).toMatchObject({ accepted: true });
    expect(await order(sender, { id: 'untracked', reply: 'none' })).toMatchObject({ accepted: true });
    last.peer.send({ type: 'result', seq, status: 'done' });
    await sender.peer.next('outcome');
    expect(await order(sender, { id: 'fits again' })).toMatchObject({ accepted: true });
  });

  it('answers many commands in one write with a receipt each, in order', async () => {
    const members = await server.joinMany(2, server.freshGroup());
    const { peer } = at(members, 0);
    const ids = Array.from({ length: 200 }, (_, index) => `id-${index}`);
    peer.send(...ids.map(id => command({ id, reply: 'none' })));
    await peer.until(({ type, id }) => type === 'receipt' && id === 'id-199');
    const receipts = peer.frames.filter(({ type }) => type === 'receipt');
    expect(receipts.map(({ id, seq }) => [id, seq])).toEqual(ids.map((id, index) => [id, index + 3]));
    await at(members, 1).peer.barrier();
    const seqs = at(members, 1)
      .peer.frames.filter(({ type }) => type === 'command')
      .map(({ seq }) => seq);
    expect(seqs).toEqual(ids.map((_, index) => index + 3));
  });

  it('reduces a deadline to RANKD_DEADLINE_MAX_MS, and the receipt has the new deadline', async () => {
    const members = await server.joinMany(2, server.freshGroup());
    const [sender, recipient] = [at(members, 0), at(members, 1)];
    expect(await order(sender, { deadlineMs: 86_400_000 })).toMatchObject({ deadlineMs: DEADLINE_MAX_MS });
    expect(numberIn(await recipient.peer.next('command'), 'deadlineMs')).toBeLessThanOrEqual(DEADLINE_MAX_MS);
    expect(await order(sender, { id: '2', deadlineMs: DEADLINE_MAX_MS })).toMatchObject({
      deadlineMs: DEADLINE_MAX_MS,
    });
    expect(await order(sender, { id: '3', deadlineMs: 6999 })).toMatchObject({ deadlineMs: 6999 });
  });
});

/** A string whose JSON has exactly this many bytes. */
const jsonOf = (bytes: number): string => 'x'.repeat(bytes - 2);

describe('R-FRAME-2 args and value take at most frameBytesMax - 1024 bytes', () => {
  it('accepts args at the limit, and sends PAYLOAD_TOO_LARGE for one byte more', async () => {
    const members = await server.joinMany(2, server.freshGroup());
    const [sender, recipient] = [at(members, 0), at(members, 1)];
    expect(await order(sender, { args: jsonOf(PAYLOAD_BYTES_MAX + 1) })).toMatchObject({
      id: '1',
      accepted: false,
      code: 'PAYLOAD_TOO_LARGE',
    });
    expect(await order(sender, { args: jsonOf(PAYLOAD_BYTES_MAX) })).toMatchObject({ accepted: true, seq: 3 });
    const delivered = await recipient.peer.next('command');
    expect(textIn(delivered, 'args')).toHaveLength(PAYLOAD_BYTES_MAX - 2);
    expect(await recipient.peer.awaitUntakenFrames()).toEqual([]);
  });

  it('counts bytes, not characters', async () => {
    const members = await server.joinMany(2, server.freshGroup());
    const args = 'ß'.repeat(PAYLOAD_BYTES_MAX / 2);
    expect(await order(at(members, 0), { args })).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect(await order(at(members, 0), { args: args.slice(1) })).toMatchObject({ accepted: true });
  });

  it('accepts a value at the limit, and after a rejected one still waits for a result', async () => {
    const members = await server.joinMany(2, server.freshGroup());
    const [sender, recipient] = [at(members, 0), at(members, 1)];
    const { seq } = await order(sender, { reply: 'each' });
    recipient.peer.send({ type: 'result', seq, status: 'done', value: jsonOf(PAYLOAD_BYTES_MAX + 1) });
    expect(await recipient.peer.next('error')).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', seq });
    recipient.peer.send({ type: 'result', seq, status: 'done', value: jsonOf(PAYLOAD_BYTES_MAX) });
    expect(textIn(await sender.peer.next('result'), 'value')).toHaveLength(PAYLOAD_BYTES_MAX - 2);
    expect(await sender.peer.next('outcome')).toMatchObject({ done: 1 });
  });

  it('sends no frame over frameBytesMax, even with the longest names and ids around a payload at its limit', async () => {
    const name = '🚀'.repeat(64);
    const members = await server.joinMany(2, server.freshGroup(), () => ({ name }));
    const [sender, recipient] = [at(members, 0), at(members, 1)];
    const id = '\u0001'.repeat(64);
    const { seq } = await order(sender, { id, name: 'n'.repeat(64), args: jsonOf(PAYLOAD_BYTES_MAX), reply: 'each' });
    expect(await recipient.peer.next('command')).toMatchObject({ from: { name, rank: 0 } });
    recipient.peer.send({ type: 'result', seq, status: 'done', value: jsonOf(PAYLOAD_BYTES_MAX) });
    expect(await sender.peer.next('result')).toMatchObject({ id, from: { name } });
    for (const { peer } of members) {
      for (const { bytes } of peer.received) expect(bytes).toBeLessThanOrEqual(FRAME_BYTES_MAX);
    }
  });
});

describe('R-CMD-4 A command names its sender and its deadline', () => {
  it('has every field with its type', async () => {
    const members = await server.joinMany(3, server.freshGroup());
    const sender = at(members, 1);
    await order(sender, { name: 'rotate-logs', args: { keep: 3 }, deadlineMs: 4000 });
    const delivered = await at(members, 2).peer.next('command');
    expect(delivered).toEqual({
      type: 'command',
      seq: 4,
      view: 3,
      from: { member: sender.id, rank: 1, name: 'name-1' },
      name: 'rotate-logs',
      args: { keep: 3 },
      deadlineMs: expect.any(Number),
      reply: true,
    });
    expect(numberIn(delivered, 'deadlineMs')).toBeGreaterThan(0);
    expect(numberIn(delivered, 'deadlineMs')).toBeLessThanOrEqual(4000);
  });

  it('ignores what a sender claims about itself: the session is the identity', async () => {
    const members = await server.joinMany(3, server.freshGroup());
    const [leader, liar, last] = [at(members, 0), at(members, 1), at(members, 2)];
    const lies = { rank: -1, member: leader.id, group: 'other', epoch: 1, seq: 99, view: 99, accepted: true };
    const fields = { ...lies, from: { member: leader.id, rank: 0, name: 'name-0' } };
    expect(await order(liar, { ...fields, to: { ranks: [0] } })).toMatchObject({ accepted: false, code: 'OUTRANKED' });
    expect(await order(liar, { ...fields, to: 'all' })).toMatchObject({ accepted: true, seq: 4, recipients: 1 });
    const from = { member: liar.id, rank: 1, name: 'name-1' };
    expect(await last.peer.next('command')).toMatchObject({ seq: 4, view: 3, from });
    expect(await leader.peer.awaitUntakenFrames()).toEqual([]);
  });

  it.each([
    'null',
    'false',
    '0',
    '-1.5e-7',
    '""',
    '[]',
    '{}',
    '"\\u0000\\n\\"\\\\ zoë 🚀 \u2028 \\ud800"',
    '{"a":[1,{"b":[null,true,{"":"é"}]}],"from":{"rank":0},"type":"leave","10":1}',
    '[[[[[[[[[[[[[[[[[[[[[[[[[[[[["deep"]]]]]]]]]]]]]]]]]]]]]]]]]]]]]',
  ])('passes args and value on unchanged: %s', async text => {
    const members = await server.joinMany(2, server.freshGroup());
    const [sender, recipient] = [at(members, 0), at(members, 1)];
    sender.peer.sendRaw(`{"type":"command","id":"1","name":"echo","reply":"each","args":${text}}\n`);
    const delivered = await recipient.peer.next('command');
    expect(delivered['args']).toEqual(JSON.parse(text));
    recipient.peer.sendRaw(`{"type":"result","seq":${numberIn(delivered, 'seq')},"status":"done","value":${text}}\n`);
    expect((await sender.peer.next('result'))['value']).toEqual(JSON.parse(text));
  });

  it('omits args and value if there are none', async () => {
    const members = await server.joinMany(2, server.freshGroup());
    const { seq } = await order(at(members, 0), { reply: 'each' });
    expect(await at(members, 1).peer.next('command')).not.toHaveProperty('args');
    at(members, 1).peer.send({ type: 'result', seq, status: 'done' });
    const result = await at(members, 0).peer.next('result');
    expect(Object.keys(result)).not.toContain('value');
    expect(Object.keys(result)).not.toContain('error');
  });
});
