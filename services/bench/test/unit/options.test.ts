import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseBenchArguments, UsageError } from '../../src/options.js';
import { rowIds } from '../../src/rows/row.js';

describe('the options', () => {
  it('are every row, three repeats and the page by default', () => {
    expect(parseBenchArguments([])).toEqual({
      subject: 'server',
      quick: false,
      rows: rowIds,
      repeats: 3,
      out: undefined,
      writesDocs: true,
    });
  });

  it('are every row, one repeat and no page for a quick run', () => {
    expect(parseBenchArguments(['--quick'])).toMatchObject({ quick: true, repeats: 1, writesDocs: false });
    expect(parseBenchArguments(['--quick', '--repeats', '2'])).toMatchObject({ repeats: 2 });
  });

  it('may select rows; no page is written then', () => {
    const some = parseBenchArguments(['--rows', 'fan,churn', '--out', 'numbers.json']);
    expect(some).toMatchObject({ rows: ['fan', 'churn'], out: 'numbers.json', writesDocs: false });
  });

  it('may disable the page', () => {
    expect(parseBenchArguments(['--no-docs'])).toMatchObject({ writesDocs: false });
  });

  it('may select a cluster, which has no rows to select', () => {
    expect(parseBenchArguments(['--cluster'])).toMatchObject({ subject: 'cluster', writesDocs: true });
    expect(() => parseBenchArguments(['--cluster', '--rows', 'fan'])).toThrow(
      '--rows cannot be combined with --cluster: the rows measure a single server',
    );
  });

  it('may name another Node, whose path is valid in every working directory', () => {
    expect(parseBenchArguments(['--node', './bin/node'])).toMatchObject({
      node: resolve('bin/node'),
      writesDocs: true,
    });
    expect(parseBenchArguments(['--node', '/opt/node-26/bin/node'])).toMatchObject({ node: '/opt/node-26/bin/node' });
    expect(parseBenchArguments(['--node', 'node26'])).toMatchObject({ node: 'node26' });
    expect(parseBenchArguments([])).toMatchObject({ node: undefined });
    expect(() => parseBenchArguments(['--node='])).toThrow('--node takes the path of a Node binary');
  });

  it('may ask for the help', () => {
    expect(parseBenchArguments(['--quick', '-h'])).toBe('help');
  });

  it.each([[['--fast']], [['fan']], [['--rows', 'fan,walk']], [['--rows', '']], [['--repeats', '0']]])(
    'are valid or rejected: %j',
    args => {
      expect(() => parseBenchArguments(args)).toThrow(UsageError);
    },
  );

  it.each(['101', '1.5', 'x', '-1'])('reject %s repeats', text => {
    expect(() => parseBenchArguments([`--repeats=${text}`])).toThrow('--repeats takes a whole number from 1 to 100');
  });

  it('list the rows if the name of a row is unknown', () => {
    expect(() => parseBenchArguments(['--rows', 'walk'])).toThrow(/no such row: walk; the rows are fan, .*roster/);
  });
});
