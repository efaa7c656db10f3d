import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkClientMessage, printable, reasonInWords } from '@rankd/protocol';
import { firstSteering, hostileTexts } from '@rankd/testkit';

describe('printable', () => {
  it.each(hostileTexts)('returns no control character of %j, and no line end', text => {
    expect(firstSteering(printable(text))).toBeUndefined();
    expect(printable(text)).not.toContain('\n');
  });

  it.each(hostileTexts)('returns JSON of the same value for the JSON of %j', text => {
    const json = printable(JSON.stringify({ [text]: [text] }));
    expect(firstSteering(json)).toBeUndefined();
    expect(JSON.parse(json)).toEqual({ [text]: [text] });
  });

  it('does both for any text', () => {
    const anyText = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(anyText, text => {
        expect(firstSteering(printable(text))).toBeUndefined();
        expect(JSON.parse(printable(JSON.stringify(text)))).toBe(text);
      }),
    );
  });

  it('does not change letters of any script, symbols and emoji', () => {
    const text = 'Zoë 東京 עברית 😀 é ~ | "quoted" C:\\dir';
    expect(printable(text)).toBe(text);
  });

  it('writes one escape for each UTF-16 code unit', () => {
    expect(printable('\x1b\u{e0041}')).toBe(String.raw`\u001b\udb40\udc41`);
  });

  it('takes ten times as long for ten times the text', () => {
    const costMs = (chars: number): number => {
      const text = '\u202e\ud83d\ude00é\x1b'.repeat(chars / 5);
      const startedMs = performance.now();
      for (let round = 0; round < 5; round += 1) printable(text);
      return performance.now() - startedMs;
    };
    costMs(20_000);
    expect(costMs(200_000) / Math.max(costMs(20_000), 0.1)).toBeLessThan(100);
  });
});

describe('a key in Redis, a label of a metric or a part of a path', () => {
  it.each(hostileTexts)('is never %j', text => {
    expect(checkClientMessage({ type: 'hello', group: text })).toMatchObject({ kind: 'bad', field: 'group' });
    const command = { type: 'command', id: '1', to: 'all', name: text };
    expect(checkClientMessage(command)).toMatchObject({ kind: 'bad', field: 'name' });
  });
});

describe('the name of a member', () => {
  it.each(hostileTexts.filter(text => firstSteering(text) !== undefined))('is never %j', text => {
    expect(checkClientMessage({ type: 'hello', name: text })).toMatchObject({ kind: 'bad', field: 'name' });
  });
});

it('a reason with the name of a property that every object has is shown unchanged', () => {
  expect(['constructor', '__proto__', 'toString'].map(reasonInWords)).toEqual(['constructor', '__proto__', 'toString']);
});
