import { describe, expect, it } from '@jest/globals';
import { parseInput } from '../../src/attach/input-parser.js';
import { checkJson } from '../../src/check-arguments.js';

const order = { kind: 'order', argsJson: undefined, to: 'below', deadlineMs: undefined };

describe('the input of an attached session', () => {
  it.each([
    ['  ', { kind: 'nothing' }],
    ['/ls', { kind: 'ask', what: 'ls' }],
    ['/resign', { kind: 'ask', what: 'resign' }],
    ['/quit ', { kind: 'ask', what: 'quit' }],
    ['go', { ...order, name: 'go' }],
    ['print "a  b"', { ...order, name: 'print', argsJson: '"a  b"' }],
    ['print {"a": 1} --to 1,3-5', { ...order, name: 'print', argsJson: '{"a": 1}', to: '1,3-5' }],
    ['print --deadline 100 --to all', { ...order, name: 'print', to: 'all', deadlineMs: 100 }],
    ['print "--to all"', { ...order, name: 'print', argsJson: '"--to all"' }],
  ])('%s', (line, spoken) => {
    expect(parseInput(line)).toEqual(spoken);
  });

  it.each([
    ['/frob', 'unknown input /frob'],
    ['print hello', `put a string in quotes, '"hello"'`],
    ['print {', 'is not JSON'],
    ['print --deadline x', '--deadline must be a whole number'],
    ['--to all', 'the name of the command must come first'],
  ])('%s is rejected', (line, message) => {
    expect(() => parseInput(line)).toThrow(message);
  });

  it('keeps every digit of a number', () => {
    expect(checkJson('[12345678901234567890, 1.0]')).toBe('[12345678901234567890, 1.0]');
  });
});
