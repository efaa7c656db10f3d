import { describe, expect, it } from '@jest/globals';
import { escaped, fitsIn, frameBytes } from '../../../../src/gateway/frames/json-text.js';
import { GatewayFixture } from '../gateway-fixture.js';

/** JSON.parse and JSON.stringify would change each of these. */
const odd = '{"big":12345678901234567890,"far":1E400,"2":-0,"1":"\\u0041", "pi": 3.1400}';

describe('R-CMD-1, R-CMD-5 The JSON text that a command or a result carries', () => {
  it('is passed on unchanged: every digit, every space, and the order of keys', () => {
    const fixture = new GatewayFixture();
    const sender = fixture.join();
    const recipient = fixture.join();
    sender.sendText(`{"type":"command","args":${odd},"id":"1","name":"go","reply":"each"}\n`);
    expect(recipient.connection.text).toContain(`,"args":${odd}}\n`);
    const { seq } = recipient.lastFrame as unknown as { seq: number };
    recipient.sendText(`{"type":"result","seq":${seq},"status":"done","value":${odd}}\n`);
    expect(sender.connection.text).toContain(`,"value":${odd}}\n`);
  });

  it('belongs to its own command: a command without args between two with args carries none', () => {
    const fixture = new GatewayFixture();
    const sender = fixture.join();
    const recipient = fixture.join();
    const commands = ['1', undefined, 'null', undefined].map((args, index) => {
      const carried = args === undefined ? '' : `,"args":${args}`;
      sender.sendText(`{"type":"command","id":"${index}","name":"go","reply":"none"${carried}}\n`);
      return recipient.lastFrame as unknown as Record<string, unknown>;
    });
    expect(commands.map(({ type }) => type)).toEqual(['command', 'command', 'command', 'command']);
    expect(commands.map(command => ('args' in command ? command['args'] : 'nothing'))).toEqual([
      1,
      'nothing',
      null,
      'nothing',
    ]);
  });

  it('is measured in bytes, up to the limit', () => {
    expect([fitsIn(undefined, 0), fitsIn('12345', 5), fitsIn('123456', 5)]).toEqual([true, true, false]);
    expect([fitsIn('éé', 4), fitsIn('ééx', 4), fitsIn('€', 3), fitsIn('😀', 4)]).toEqual([true, false, true, true]);
  });
});

describe('escaped', () => {
  it('escapes every character like JSON.stringify, alone and between others', () => {
    for (let unit = 0; unit <= 0xffff; unit += 1) {
      const character = String.fromCharCode(unit);
      for (const text of [character, `a${character}`, `${character}z`]) {
        if (`"${escaped(text)}"` !== JSON.stringify(text)) throw new Error(`different for U+${unit.toString(16)}`);
      }
    }
    expect(escaped('')).toBe('');
  });
});

describe('frameBytes', () => {
  it.each([
    ['nothing', ''],
    ['one byte a character', '{"type":"ping"}\n'],
    ['a character of two bytes', '{"name":"Zoë"}\n'],
    ['a character of two bytes that takes the room of the last one', 'é!'],
    ['one that ends where its bytes would', 'ab€'],
    ['characters of two units', '{"name":"😀"}\n'],
    ['characters whose lower byte is ASCII', '\u0141\u0142'],
    ['half a character', 'a\ud83d'],
    ['a zero byte', 'a\0b'],
    ['more than one piece of memory', `${'x'.repeat(100_000)}ö`],
  ])('encodes as UTF-8: %s', (_, text) => {
    expect(frameBytes(text).equals(Buffer.from(text))).toBe(true);
  });

  it('encodes a string that was concatenated from pieces', () => {
    let text = '';
    for (let piece = 0; piece < 1000; piece += 1)
      text += `{"seq":${piece},"name":"${piece % 100 === 0 ? 'Zoë' : 'ann'}"}\n`;
    expect(frameBytes(text).toString()).toBe(text);
  });
});
