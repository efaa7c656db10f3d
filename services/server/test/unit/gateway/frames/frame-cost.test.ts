import { describe, expect, it } from '@jest/globals';
import { limits } from '@rankd/protocol';
import { fastestMs } from '@rankd/testkit';
import { GatewayFixture } from '../gateway-fixture.js';

/** The most time that a rejected frame may take, as a multiple of an accepted hello. */
const COST_MAX = 5;
const hello = { type: 'hello' };

const keys = (count: number, value: unknown): object =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, value]));

/** Frames of about 4 kB, the limit before the welcome. Each takes as long to check as its field allows. */
const badFrames: Readonly<Record<string, string>> = {
  'a tag key of emoji': JSON.stringify({ ...hello, tags: { ['\u{1f600}'.repeat(1000)]: '' } }),
  'a tag key of 65 emoji': JSON.stringify({ ...hello, tags: { ['\u{1f600}'.repeat(65)]: '' } }),
  'a tag key of escaped pairs': `{"type":"hello","tags":{"${'\\ud83d\\ude00'.repeat(330)}":""}}`,
  'many tags': JSON.stringify({ ...hello, tags: keys(350, 'v') }),
  'many required features': JSON.stringify({ ...hello, require: Array(1000).fill('a') }),
  'a wrong field among many unknown ones': JSON.stringify({ ...hello, protocol: 0, ...keys(350, 0) }),
  'empty objects': `{"type":"hello","protocol":0,"a":[${'{},'.repeat(1300)}{}]}`,
  'deep nesting': `{"type":"hello","a":${'['.repeat(1900)}${']'.repeat(1900)}}`,
  'many targets': JSON.stringify({ type: 'command', id: '1', name: 'x', to: { names: Array(1000).fill('') } }),
  'many tags as target': JSON.stringify({ type: 'command', id: '1', name: 'x', to: { tags: keys(350, 1) } }),
  'a long name': JSON.stringify({ ...hello, name: '\u{1f600}'.repeat(1000) }),
  backslashes: `{"type":"hello","name":"${'\\\\'.repeat(2000)}"}`,
  'an unknown type': JSON.stringify({ type: 'x'.repeat(4000) }),
  'no JSON': '{"a":'.repeat(800),
};

describe('R-FRAME-4 a bad frame of 4 kB takes at most five times as long as a valid hello, from its bytes to the answer', () => {
  const fixture = new GatewayFixture({ RANKD_MEMBERS_MAX: '10' });
  const cost = (text: string): number =>
    fastestMs(() => {
      const peer = fixture.connect();
      peer.sendText(`${text}\n`);
      peer.close();
    });

  it.each(Object.entries(badFrames))('%s', (_, text) => {
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limits.helloFrameBytesMax);
    const peer = fixture.connect();
    peer.sendText(`${text}\n`);
    expect(peer.lastFrame).toMatchObject({ type: 'bye' });
    peer.close();
    expect(cost(text) / cost(JSON.stringify(hello))).toBeLessThan(COST_MAX);
  });
});
