/** The options of scripts/bench. */

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { rowIds, type RowId } from './rows/row.js';

/** What to measure, how often, and where to write the numbers. */
export interface BenchOptions {
  /** `server`: rankd in comparison with other systems. `cluster`: the cost of an order that several servers share. */
  readonly subject: 'server' | 'cluster';
  /** Measures small sizes once, in less than a minute. This shows that the benchmark works, but the ratios have no meaning. */
  readonly quick: boolean;
  readonly rows: readonly RowId[];
  /** How often each row is measured. All servers are measured in each repeat, one after the other. */
  readonly repeats: number;
  /** The Node binary that runs rankd and the limit in Node. Undefined: the benchmark's own Node. */
  readonly node: string | undefined;
  /** A file for all numbers, in JSON. Undefined: none. */
  readonly out: string | undefined;
  /** Whether docs/performance.md, or the figures of docs/scaling.md, are written. */
  readonly writesDocs: boolean;
}

/** Invalid arguments. The message is for people. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The usage of scripts/bench. */
export const usage = `Usage: scripts/bench [--quick] [--cluster | --rows ID,…] [--repeats N] [--node PATH] [--out FILE] [--no-docs]

Measures rankd on loopback, next to a C program that only broadcasts, and next to nats-server, redis-server, mosquitto and etcd if
they are installed. Prints the required value, the goal and the result of each figure, and writes docs/performance.md.

  --quick       small sizes, once, under a minute: shows only that the benchmark works, and writes no page
  --cluster     measures only the cost of a shared order: 1, 2 and 3 servers on one Redis next to a single server, with 1 to
                1,000 groups. Needs redis-server. Writes the figures into docs/scaling.md
  --rows ID,…   measures only these rows: ${rowIds.join(', ')}
  --repeats N   how often each row is measured (default: 3)
  --node PATH   the Node binary that runs rankd and node-limit (default: the one that runs the benchmark)
  --out FILE    writes all numbers as JSON
  --no-docs     writes no page; a run with --rows writes none either`;

const repeatsMax = 100;

/**
 * Parses the arguments. Returns `help` if they ask for it.
 * @throws UsageError
 */
export function parseBenchArguments(args: readonly string[]): BenchOptions | 'help' {
  const values = parse(args);
  if (values.help === true) return 'help';
  const quick = values.quick === true;
  const subject = values.cluster === true ? 'cluster' : 'server';
  if (subject === 'cluster' && values.rows !== undefined)
    throw new UsageError('--rows cannot be combined with --cluster: the rows measure a single server');
  const rows = values.rows === undefined ? rowIds : values.rows.split(',').map(rowIdOf);
  return {
    subject,
    quick,
    rows,
    repeats: repeatsOf(values.repeats ?? (quick ? '1' : '3')),
    node: nodeOf(values.node),
    out: values.out,
    writesDocs: !quick && values['no-docs'] !== true && values.rows === undefined,
  };
}

function parse(args: readonly string[]): {
  help?: boolean;
  quick?: boolean;
  cluster?: boolean;
  rows?: string;
  repeats?: string;
  node?: string;
  out?: string;
  'no-docs'?: boolean;
} {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        quick: { type: 'boolean' },
        cluster: { type: 'boolean' },
        rows: { type: 'string' },
        repeats: { type: 'string' },
        node: { type: 'string' },
        out: { type: 'string' },
        'no-docs': { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function rowIdOf(name: string): RowId {
  const found = rowIds.find(id => id === name);
  if (found === undefined) throw new UsageError(`no such row: ${name}; the rows are ${rowIds.join(', ')}`);
  return found;
}

/** Resolves a relative path, because the servers have another working directory. A name without a slash is searched in PATH. */
function nodeOf(path: string | undefined): string | undefined {
  if (path === '') throw new UsageError('--node takes the path of a Node binary, not an empty text');
  return path?.includes('/') === true ? resolve(path) : path;
}

function repeatsOf(text: string): number {
  const repeats = Number(text);
  if (!Number.isInteger(repeats) || repeats < 1 || repeats > repeatsMax) {
    throw new UsageError(`--repeats takes a whole number from 1 to ${repeatsMax}, not ${text}`);
  }
  return repeats;
}
