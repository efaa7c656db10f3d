/** Measures how fast etcd replaces the holder of a lock. */

import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { BenchError, end } from './child.js';
import { pinned } from '../machine/cpu-pinning.js';
import { freePort } from './ports.js';
import type { Sample } from '../node-load/probe.js';
import { startProgram } from './server.js';
import { median } from '../rows/statistics.js';
import { has } from './tools.js';
import type { BenchContext } from '../bench-context.js';

const leaseS = 2;
const lockMs = 10_000;

/**
 * Measures the time from kill -9 of a lock's holder until the next client has the lock. The lease is 2 s, the shortest that etcd allows.
 * @throws BenchError
 */
export async function measureLeases(context: BenchContext, rounds: number): Promise<Sample> {
  for (const tool of ['etcd', 'etcdctl'] as const) {
    if (!has(context.tools, tool)) throw new BenchError(`${tool} is not installed`);
  }
  const { child, url } = await startEtcd(context);
  try {
    const timesUs: number[] = [];
    for (let round = 0; round < rounds; round += 1) timesUs.push(await oneLeaseUs(context, url, `lock-${round}`));
    return { rounds, p50Us: median(timesUs), leastUs: Math.min(...timesUs), mostUs: Math.max(...timesUs) };
  } finally {
    await end(child);
  }
}

async function startEtcd(context: BenchContext): Promise<{ child: ChildProcess; url: string }> {
  const [port, peerPort] = [await freePort(), await freePort()];
  const [url, peerUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
  const options = {
    '--data-dir': join(context.scratch, `etcd-${port}`),
    '--listen-client-urls': url,
    '--advertise-client-urls': url,
    '--listen-peer-urls': peerUrl,
    '--initial-advertise-peer-urls': peerUrl,
    '--initial-cluster': `default=${peerUrl}`,
  };
  const command = { program: 'etcd', args: Object.entries(options).flat() };
  const { child } = await startProgram(context, { kind: 'etcd', port, core: context.cores.server, command });
  return { child, url };
}

async function oneLeaseUs(context: BenchContext, url: string, name: string): Promise<number> {
  const lock = (): ChildProcess => {
    const args = ['--endpoints', url, 'lock', '--ttl', String(leaseS), name];
    const command = { program: 'etcdctl', args, env: { ETCDCTL_API: '3' } };
    return context.children.start(pinned(command, context.cores.load, context.tools));
  };
  const holder = lock();
  await untilHeld(holder);
  const next = lock();
  const held = untilHeld(next);
  // Wait until the next client is in the queue of the lock.
  await new Promise(resolve => setTimeout(resolve, 300));
  const fromMs = performance.now();
  holder.kill('SIGKILL');
  try {
    await held;
    return (performance.now() - fromMs) * 1000;
  } finally {
    await end(next);
  }
}

/** Resolves when etcdctl has the lock: it then prints the lock's key. */
function untilHeld(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new BenchError(`etcd gave no lock within ${lockMs / 1000} s`));
    }, lockMs);
    child.stdout?.once('data', () => {
      clearTimeout(timer);
      resolve();
    });
    child.once('close', () => {
      clearTimeout(timer);
      reject(new BenchError('etcdctl ended without the lock'));
    });
  });
}
