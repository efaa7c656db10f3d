/** Runs the load generator. */

import { join } from 'node:path';
import { BenchError, type Command } from './child.js';
import { pinned } from '../machine/cpu-pinning.js';
import type { LoadOptions, LoadProbe, Sample, ServerKind } from '../node-load/probe.js';
import type { Server } from './server.js';
import { has, type Tool } from './tools.js';
import type { BenchContext } from '../bench-context.js';

const compileMs = 60_000;
const graceMs = 3000;

/**
 * Compiles both C programs into the temporary directory. Returns the tools, without the compiler if that fails, for example on a
 * system other than Linux.
 * @param note called with the reason
 */
export async function compileNative(
  { children, tools, repository, scratch }: Omit<BenchContext, 'cores'>,
  note: (sentence: string) => void,
): Promise<readonly Tool[]> {
  if (!has(tools, 'gcc')) return tools;
  try {
    for (const name of ['load-generator', 'c-limit']) {
      const source = join(repository, 'services/bench/native', `${name}.c`);
      const args = ['-O3', '-march=native', '-o', join(scratch, name), source];
      await children.run({ program: 'gcc', args }, compileMs);
    }
    return tools;
  } catch (error) {
    if (!(error instanceof BenchError) || children.isClosed) throw error;
    note(`gcc cannot compile the load generator: ${error.message.split('\n')[0] ?? ''}`);
    return tools.map(tool => (tool.name === 'gcc' ? { ...tool, version: undefined } : tool));
  }
}

/**
 * Runs the load generator once.
 * @throws BenchError if it has no result within the deadline, or if deliveries are lost
 */
export async function runLoad(
  context: BenchContext,
  { mode, load }: LoadProbe,
  server: Server,
  deadlineMs: number,
): Promise<Sample> {
  const options = {
    '--protocol': protocolOf[server.kind],
    '--port': server.port,
    '--server-pid': server.pid,
    '--deadline-s': deadlineMs / 1000,
    ...optionsOf(load),
  };
  const args = [mode, ...Object.entries(options).flatMap(([name, value]) => [name, String(value)])];
  const generator = generatorFor(context, mode, load);
  const command = pinned({ ...generator, args: [...generator.args, ...args] }, context.cores.load, context.tools);
  const { stdout } = await context.children.run(command, deadlineMs + graceMs);
  const sample = parseSample(stdout);
  const { lost = 0 } = sample;
  if (mode === 'fan' && lost !== 0) throw new BenchError(`${lost} deliveries were lost`);
  return sample;
}

const protocolOf: Readonly<Record<ServerKind, string>> = {
  rankd: 'rankd',
  'rankd-unmirrored': 'rankd',
  nats: 'nats',
  redis: 'redis',
  mosquitto: 'mqtt',
  'c-limit': 'c-limit',
  'node-limit': 'rankd',
};

function optionsOf(load: LoadOptions): Record<string, number> {
  const options = {
    '--members': load.members,
    '--senders': load.senders,
    '--payload-bytes': load.payloadBytes,
    '--in-flight': load.inFlight,
    '--rounds': load.rounds,
    '--discards': load.discards === true ? 1 : undefined,
    '--sizes': load.sizes === true ? 1 : undefined,
    '--warm-s': load.warmS,
    '--measure-s': load.measureS,
  };
  const given = Object.entries(options).filter((entry): entry is [string, number] => entry[1] !== undefined);
  return Object.fromEntries(given);
}

/** Returns the command of the C program, or of the program in Node if there is no compiler and it can do this work. */
function generatorFor({ tools, repository, scratch }: BenchContext, mode: string, load: LoadOptions): Command {
  if (has(tools, 'gcc')) return { program: join(scratch, 'load-generator'), args: [] };
  if (mode !== 'fan' || load.discards === true || load.senders !== undefined) throw new BenchError('needs gcc');
  return { program: process.execPath, args: [join(repository, 'services/bench/dist/node-load/node-generator.js')] };
}

function parseSample(stdout: string): Sample {
  try {
    return JSON.parse(stdout) as Sample;
  } catch (error) {
    throw new BenchError(`the load generator printed no numbers, but: ${stdout.slice(0, 200)}`, { cause: error });
  }
}
