/** A program: the load generator in Node. */

import { parseArgs } from 'node:util';
import { dialPort } from './dial.js';
import { wireDialect } from './wire-dialects.js';
import { cpuMs } from '../machine/wait-until-idle.js';
import { NodeFan } from './node-fan.js';

/**
 * Replaces native/load-generator.c on a machine without a C compiler. It has the same options and prints the same numbers, but only for
 * fan-outs. It is slow, so it limits the result itself. Its loaderCpuShare shows that.
 */
const { values } = parseArgs({
  allowPositionals: true,
  options: {
    protocol: { type: 'string', default: 'rankd' },
    port: { type: 'string', default: '0' },
    'server-pid': { type: 'string', default: '0' },
    members: { type: 'string', default: '100' },
    'payload-bytes': { type: 'string', default: '64' },
    'in-flight': { type: 'string', default: '512' },
    'warm-s': { type: 'string', default: '0.5' },
    'measure-s': { type: 'string', default: '1.5' },
    'deadline-s': { type: 'string', default: '60' },
  },
});

const late = setTimeout(() => fail('no result in time'), Number(values['deadline-s']) * 1000);
try {
  process.stdout.write(`${JSON.stringify(await measure())}\n`);
  process.exit(0);
} catch (error) {
  fail(String(error));
} finally {
  clearTimeout(late);
}

async function measure(): Promise<Record<string, number>> {
  const fan = await NodeFan.join({
    speech: wireDialect(values.protocol),
    dial: dialPort(Number(values.port)),
    members: Number(values.members),
    payloadBytes: Number(values['payload-bytes']),
    inFlight: Number(values['in-flight']),
  });
  fan.start();
  await fan.runFor(Number(values['warm-s']) * 1000);
  const from = readAccounts(fan);
  await fan.runFor(Number(values['measure-s']) * 1000);
  const to = readAccounts(fan);
  const lost = await fan.finish();
  const seconds = (to.atMs - from.atMs) / 1000;
  const serverS = (to.serverMs - from.serverMs) / 1000;
  const deliveries = to.deliveries - from.deliveries;
  return {
    deliveriesPerSecond: Math.round(deliveries / seconds),
    // If the kernel reports no CPU time, divide by the wall time.
    deliveriesPerCoreSecond: Math.round(deliveries / (serverS > 0 ? serverS : seconds)),
    serverCpuShare: serverS / seconds,
    loaderCpuShare: (to.loaderMs - from.loaderMs) / 1000 / seconds,
    lost,
  };
}

function readAccounts(fan: NodeFan): { atMs: number; serverMs: number; loaderMs: number; deliveries: number } {
  const { user, system } = process.cpuUsage();
  return {
    atMs: performance.now(),
    serverMs: cpuMs(Number(values['server-pid'])),
    loaderMs: (user + system) / 1000,
    deliveries: fan.deliveries,
  };
}

function fail(why: string): never {
  process.stderr.write(`${why}\n`);
  process.exit(1);
}
