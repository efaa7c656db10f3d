import { describe, expect, it } from '@jest/globals';
import { commandRefusal, errorCodes, type ErrorEntry } from '@rankd/protocol';

const onReceipts = Object.entries(errorCodes as Record<string, ErrorEntry>).flatMap(([code, { on }]) =>
  on.includes('receipt') ? [code] : [],
);

describe('the refusal of a command', () => {
  it.each([...onReceipts, 'UNAVAILABLE', 'NOT_CONNECTED'])('with %s has a reason of its own', code => {
    const { reason } = commandRefusal(code);
    expect(reason).not.toBe(commandRefusal('LATER_CODE').reason);
    const others = onReceipts.filter(other => other !== code).map(other => commandRefusal(other).reason);
    expect(others).not.toContain(reason);
  });

  it('is a matter of authority for three codes only', () => {
    expect(onReceipts.filter(code => commandRefusal(code).kind === 'forbidden').sort()).toEqual([
      'FORBIDDEN',
      'NOT_A_MEMBER',
      'OUTRANKED',
    ]);
  });

  it('names the command', () => {
    expect(commandRefusal('NO_RECIPIENTS').reason).toBe('no member can execute it');
    expect(commandRefusal('NO_RECIPIENTS', '$&').reason).toBe('no member can execute $&');
  });

  it.each(['LATER_CODE', 'constructor', '__proto__', ''])('with the unknown code %j has a reason', code => {
    expect(commandRefusal(code)).toEqual({ kind: 'unreached', reason: 'the server refused it' });
  });
});
