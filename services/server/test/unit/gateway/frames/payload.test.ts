import { describe, expect, it } from '@jest/globals';
import { fitsIn } from '../../../../src/gateway/frames/payload.js';
import { GatewayStage } from '../gateway-fixture.js';

/** None of these survives being parsed and printed again. */
const odd = '{"big":12345678901234567890,"far":1E400,"2":-0,"1":"\\u0041", "pi": 3.1400}';

describe('R-CMD-1, R-CMD-5 What a command and a result carry', () => {
  it('comes out as it went in: every digit, every key in its order, every space', () => {
    const stage = new GatewayStage();
    const sender = stage.join();
    const recipient = stage.join();
    sender.sayText(`{"type":"command","args":${odd},"id":"1","name":"go","reply":"each"}\n`);
    expect(recipient.connection.text).toContain(`,"args":${odd}}\n`);
    const { seq } = recipient.last as unknown as { seq: number };
    recipient.sayText(`{"type":"result","seq":${seq},"status":"done","value":${odd}}\n`);
    expect(sender.connection.text).toContain(`,"value":${odd}}\n`);
  });

  it('is its own: a command without it between two that have it carries nothing', () => {
    const stage = new GatewayStage();
    const sender = stage.join();
    const recipient = stage.join();
    const told = ['1', undefined, 'null', undefined].map((args, index) => {
      const carried = args === undefined ? '' : `,"args":${args}`;
      sender.sayText(`{"type":"command","id":"${index}","name":"go","reply":"none"${carried}}\n`);
      return recipient.last as unknown as Record<string, unknown>;
    });
    expect(told.map(({ type }) => type)).toEqual(['command', 'command', 'command', 'command']);
    expect(told.map(command => ('args' in command ? command['args'] : 'nothing'))).toEqual([
      1,
      'nothing',
      null,
      'nothing',
    ]);
  });

  it('is counted in bytes, up to the limit', () => {
    expect([fitsIn(undefined, 0), fitsIn('12345', 5), fitsIn('123456', 5)]).toEqual([true, true, false]);
    expect([fitsIn('éé', 4), fitsIn('ééx', 4), fitsIn('€', 3), fitsIn('😀', 4)]).toEqual([true, false, true, true]);
  });
});
