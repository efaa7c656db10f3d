import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseBenchArguments, UsageError } from '../../src/options.js';
import { rowIds } from '../../src/rows/row.js';

describe('what is asked for', () => {
  it('is every row three times, and the page, unless said otherwise', () => {
    expect(parseBenchArguments([])).toEqual({
      subject: 'server',
      quick: false,
      rows: rowIds,
      repeats: 3,
      out: undefined,
      writesDocs: true,
    });
  });

  it('is each row once where it is to be quick, and no page', () => {
    expect(parseBenchArguments(['--quick'])).toMatchObject({ quick: true, repeats: 1, writesDocs: false });
    expect(parseBenchArguments(['--quick', '--repeats', '2'])).toMatchObject({ repeats: 2 });
  });

  it('may be some rows, whose page would be a torn one', () => {
    const some = parseBenchArguments(['--rows', 'fan,churn', '--out', 'numbers.json']);
    expect(some).toMatchObject({ rows: ['fan', 'churn'], out: 'numbers.json', writesDocs: false });
  });

  it('may be to leave the page alone', () => {
    expect(parseBenchArguments(['--no-docs'])).toMatchObject({ writesDocs: false });
  });

  it('may be a cluster, which has no rows to choose from', () => {
    expect(parseBenchArguments(['--cluster'])).toMatchObject({ subject: 'cluster', writesDocs: true });
    expect(() => parseBenchArguments(['--cluster', '--rows', 'fan'])).toThrow('--rows are those of one server');
  });

  it('may be of another Node, whose path holds wherever the servers run', () => {
    expect(parseBenchArguments(['--node', './bin/node'])).toMatchObject({
      node: resolve('bin/node'),
      writesDocs: true,
    });
    expect(parseBenchArguments(['--node', '/opt/node-26/bin/node'])).toMatchObject({ node: '/opt/node-26/bin/node' });
    expect(parseBenchArguments(['--node', 'node26'])).toMatchObject({ node: 'node26' });
    expect(parseBenchArguments([])).toMatchObject({ node: undefined });
    expect(() => parseBenchArguments(['--node='])).toThrow('--node takes the path of a Node binary');
  });

  it('may be help', () => {
    expect(parseBenchArguments(['--quick', '-h'])).toBe('help');
  });

  it.each([[['--fast']], [['fan']], [['--rows', 'fan,walk']], [['--rows', '']], [['--repeats', '0']]])(
    'makes sense, or is refused: %j',
    args => {
      expect(() => parseBenchArguments(args)).toThrow(UsageError);
    },
  );

  it.each(['101', '1.5', 'x', '-1'])('is not repeated %s times', text => {
    expect(() => parseBenchArguments([`--repeats=${text}`])).toThrow('--repeats takes a whole number from 1 to 100');
  });

  it('names the rows that there are to who named another', () => {
    expect(() => parseBenchArguments(['--rows', 'walk'])).toThrow(/no such row: walk; there are fan, .*roster/);
  });
});
