import { describe, expect, it } from '@jest/globals';
import { encodeFrame, parseFrame, type ClientMessage, type DeliveredCommandMessage, type Json } from '@rankd/protocol';
import fc from 'fast-check';
import { decodeAll } from './frames.js';

const delivered: DeliveredCommandMessage = {
  type: 'command',
  seq: 7,
  view: 3,
  from: { member: 'm1', rank: 0, name: 'ann' },
  name: 'print',
  deadlineMs: 5000,
  reply: true,
};

/** What the other end makes of it. */
function received(frame: string): unknown {
  const [first, second] = decodeAll([Buffer.from(frame)], Number.MAX_SAFE_INTEGER);
  if (first?.kind !== 'line' || second !== undefined) throw new Error('not exactly one line');
  return parseFrame(first.text);
}

/** JSON that keeps to R-FRAME-3, as it is once it has been written and read: without -0. */
const json = fc
  .json({ maxDepth: 4 })
  .filter(text => !text.includes('"__proto__"'))
  .map(text => JSON.parse(text) as Json);

describe('encoding a frame', () => {
  it('R-FRAME-1 is one line of JSON, ended by \\n', () => {
    expect(encodeFrame({ type: 'ping', n: 1, seen: 0 })).toBe('{"type":"ping","n":1,"seen":0}\n');
    const text = encodeFrame({ type: 'bye', code: 'LEFT', message: 'a\nb\r\u2028é', retry: false });
    expect(text).toBe('{"type":"bye","code":"LEFT","message":"a\\nb\\r\u2028é","retry":false}\n');
  });

  it('R-CMD-4 passes on a payload as its sender wrote it', () => {
    const text = encodeFrame(delivered, { key: 'args', json: '{"big": 12345678901234567890, "e":1.0}' });
    expect(text.endsWith(',"reply":true,"args":{"big": 12345678901234567890, "e":1.0}}\n')).toBe(true);
    expect(received(text)).toEqual({ ...delivered, args: { big: Number('12345678901234567890'), e: 1 } });
  });

  it('R-CMD-6 passes on a value likewise, and leaves the field out where there is none', () => {
    const from = { member: 'm2', rank: 1, name: 'bob' };
    const forwarded = { type: 'result', id: '1', seq: 7, from, status: 'done', ms: 4 } as const;
    expect(received(encodeFrame(forwarded, { key: 'value', json: 'null' }))).toEqual({ ...forwarded, value: null });
    expect(received(encodeFrame(forwarded))).toEqual(forwarded);
  });

  it('R-FRAME-1 arrives as it was sent, payload and all', () => {
    const arrives = (name: string, args: Json): void => {
      const message = { ...delivered, from: { ...delivered.from, name } };
      const raw = { key: 'args', json: JSON.stringify(args) } as const;
      expect(received(encodeFrame(message, raw))).toEqual({ ...message, args });
      const sent: ClientMessage = { type: 'command', id: name, name: 'print', args };
      expect(received(encodeFrame(sent))).toEqual(sent);
    };
    fc.assert(fc.property(fc.string({ unit: 'binary' }), json, arrives), { numRuns: 300 });
  });
});
