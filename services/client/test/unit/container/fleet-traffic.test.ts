import { expect, it } from '@jest/globals';
import type { NamedMember } from '@rankd/protocol';
import { Sheet } from '../../../src/commands/sheet.js';
import { commandRegularly } from '../../../src/container/fleet-traffic.js';
import type { Membership } from '../../../src/membership.js';
import { RankdError } from '../../../src/rankd-error.js';
import { outcomeOf, receiptOf } from '../messages.js';

/** Returns the line that the container logs after its first command has ended with this sheet. */
async function lineAfter(sheet: Sheet): Promise<object | undefined> {
  const stop = new AbortController();
  const membership = { rank: 0, size: 2, command: () => Promise.resolve(sheet) };
  let line: object | undefined;
  const info = (fields: { event: string }, sentence: string): void => {
    if (fields.event !== 'command.outcome') return;
    line = { ...fields, sentence };
    stop.abort();
  };
  const logger = { info } as unknown as Parameters<typeof commandRegularly>[2];
  await commandRegularly(membership as unknown as Membership, 1, logger, stop.signal);
  return line;
}

it('the sheet of a command is logged with who did not execute it, and with the deadline that applied', async () => {
  const done = new Sheet(receiptOf('1', { deadlineMs: 5000 }), outcomeOf('1', { done: 3 }));
  expect(await lineAfter(done)).toMatchObject({
    ...{ done: 3, unsent: 0, deadlineMs: 5000 },
    sentence: '3 of 3 executed print #7 after 12 ms',
  });
  const [ann, bob] = [0, 1].map(rank => ({ member: `m${rank}`, rank, name: `n${rank}` })) as [NamedMember, NamedMember];
  const receipt = receiptOf('1', { refused: [{ ...ann, code: 'AWAY' }], refusedCount: 1, deadlineMs: 2000 });
  const missing = [{ ...bob, status: 'refused', code: 'NO_HANDLER' } as const];
  const partial = new Sheet(receipt, outcomeOf('1', { done: 2, refused: 1, missing }));
  expect(await lineAfter(partial)).toMatchObject({
    ...{ done: 2, refused: 1, unsent: 1, deadlineMs: 2000 },
    sentence: '2 of 3 executed print #7 after 12 ms; 2 did not (NO_HANDLER, AWAY)',
  });
});

type Code = ConstructorParameters<typeof RankdError>[0];

/** Returns the sentence that the container logs after its first command has failed with `code`. */
async function sentenceAfter(code: Code): Promise<string | undefined> {
  const stop = new AbortController();
  const membership = { rank: 0, size: 2, command: () => Promise.reject(new RankdError(code)) };
  const lines: { readonly event: string; readonly code?: string; readonly sentence: string }[] = [];
  const info = (fields: { event: string }, sentence: string): void => {
    lines.push({ ...fields, sentence });
    if (fields.event === 'command.refused') stop.abort();
  };
  await commandRegularly(
    membership as unknown as Membership,
    1,
    { info } as unknown as Parameters<typeof commandRegularly>[2],
    stop.signal,
  );
  const refused = lines.filter(({ event }) => event === 'command.refused');
  expect(refused).toEqual([expect.objectContaining({ code })]);
  return refused[0]?.sentence;
}

it.each<[Code, string]>([
  [
    'OUTRANKED',
    'the command to all subordinates was refused (OUTRANKED): only members with a larger rank number than the sender may execute it',
  ],
  ['NO_RECIPIENTS', 'the command to all subordinates reached no member (NO_RECIPIENTS): no member can execute it'],
  [
    'NO_SUCH_TARGET',
    'the command to all subordinates reached no member (NO_SUCH_TARGET): no member has the rank, id or name that it was sent to',
  ],
  ['DRAINING', 'the command to all subordinates reached no member (DRAINING): the server is stopping'],
  [
    'NOT_CONNECTED',
    'the command to all subordinates reached no member (NOT_CONNECTED): the sender has no session with a server',
  ],
  [
    'OUTCOME_UNKNOWN',
    expect.stringMatching(
      /^the outcome of the command to all subordinates is unknown \(OUTCOME_UNKNOWN\)/,
    ) as unknown as string,
  ],
])('a command that ends with %s is logged with a sentence that is true for it', async (code, sentence) => {
  expect(await sentenceAfter(code)).toEqual(sentence);
});
