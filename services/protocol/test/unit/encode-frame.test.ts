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

/** Returns what the other end decodes from a frame. */
function received(frame: string): unknown {
  const [first, second] = decodeAll([Buffer.from(frame)], Number.MAX_SAFE_INTEGER);
  if (first?.kind !== 'line' || second !== undefined) throw new Error('not exactly one line');
  return parseFrame(first.text);
}

/** JSON that R-FRAME-3 allows, after writing and parsing: without -0. */
const json = fc
  .json({ maxDepth: 4 })
  .filter(text => !text.includes('"__proto__"'))
  .map(text => JSON.parse(text) as Json);

describe('an encoded frame', () => {
  it('R-FRAME-1 is one line of JSON that ends with \\n', () => {
    expect(encodeFrame({ type: 'ping', n: 1, seen: 0 })).toBe('{"type":"ping","n":1,"seen":0}\n');
    const text = encodeFrame({ type: 'bye', code: 'LEFT', message: 'a\nb\r\u2028é', retry: false });
    expect(text).toBe('{"type":"bye","code":"LEFT","message":"a\\nb\\r\u2028é","retry":false}\n');
  });

  it('R-CMD-4 contains a payload as its sender wrote it', () => {
    const text = encodeFrame(delivered, { key: 'args', json: '{"big": 12345678901234567890, "e":1.0}' });
    expect(text.endsWith(',"reply":true,"args":{"big": 12345678901234567890, "e":1.0}}\n')).toBe(true);
    expect(received(text)).toEqual({ ...delivered, args: { big: Number('12345678901234567890'), e: 1 } });
  });

  it('R-CMD-6 contains a value as its sender wrote it, and has no field without a value', () => {
    const from = { member: 'm2', rank: 1, name: 'bob' };
    const forwarded = { type: 'result', id: '1', seq: 7, from, status: 'done', ms: 4 } as const;
    expect(received(encodeFrame(forwarded, { key: 'value', json: 'null' }))).toEqual({ ...forwarded, value: null });
    expect(received(encodeFrame(forwarded))).toEqual(forwarded);
  });

  it('R-FRAME-1 is decoded to the same message and payload', () => {
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
