/**
 * The guard: a process that kills a program when rankctl can no longer do it (R-PROG-5). It has a session of its own, a pipe to rankctl,
 * and in `lead` and `once` a copy of the session's socket. It never reads the socket. The guard ends after the program, and the server sees
 * the connection close only when the guard has ended too. If the network closes the connection while rankctl is stopped, the guard kills
 * the program.
 */

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionWatch } from './connection-watch.js';
import { type GuardAnswer, type GuardOrder, monotonicMs } from './guard-messages.js';
import { killGroup, type ProcessEntry, readProcesses } from './process-group.js';

/**
 * A service manager or a terminal sends these signals to all processes. They must not end the guard, because rankctl stops the program
 * first.
 */
const ignoredSignals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGALRM'] as const;
/** How long to search for a program that rankctl was starting when it was killed, ms. */
const SEARCH_MS = 1000;
/** How often to search for it, ms. */
const SEARCH_EVERY_MS = 10;

const nothing: GuardOrder = { groups: [], starting: undefined, killAtMs: undefined };

/**
 * Runs the guard until rankctl closes its end of the pipe and no process of the held groups runs.
 * @param socket the descriptor of the session's socket, in digits. Undefined: the guard shares none
 */
export function runGuard(socket: string | undefined): void {
  for (const signal of ignoredSignals) process.on(signal, () => undefined);
  // Do not keep a file system in use.
  process.chdir('/');
  const startedAtTicks = readProcesses()?.find(({ pid }) => pid === process.pid)?.startedAtTicks ?? 0;
  let order = nothing;
  let timer: NodeJS.Timeout | undefined;
  const connection = new ConnectionWatch(socket === undefined ? undefined : Number(socket), process.ppid, () => {
    void killAll(order.groups);
  });
  process.on('message', (next: GuardOrder) => {
    order = next;
    if (order.groups.length > 0) connection.start();
    else connection.stop();
    clearTimeout(timer);
    if (order.killAtMs !== undefined) {
      timer = setTimeout(() => void killAll(order.groups), Math.max(0, order.killAtMs - monotonicMs()));
    }
    answer('held');
  });
  process.on('disconnect', () => {
    clearTimeout(timer);
    connection.stop();
    void killAll(order.groups)
      .then(() => killStarting(order, startedAtTicks))
      .finally(() => process.exit(0));
  });
  answer('ready');
}

function answer(message: GuardAnswer): void {
  // If rankctl has ended, the answer cannot be sent, and the event `disconnect` follows.
  process.send?.(message, undefined, undefined, () => undefined);
}

async function killAll(groups: readonly number[]): Promise<void> {
  await Promise.all(groups.map(killGroup));
}

/**
 * Searches for the program that rankctl was starting, and kills its group. A process has the member id in its environment only after it has
 * executed the program, so the search repeats.
 */
async function killStarting({ starting, groups }: GuardOrder, sinceTicks: number): Promise<void> {
  if (starting === undefined) return;
  const untilMs = monotonicMs() + SEARCH_MS;
  while (monotonicMs() < untilMs) {
    const found = (readProcesses() ?? []).filter(
      entry => isStarted(entry, sinceTicks) && !groups.includes(entry.group) && hasMember(entry, starting),
    );
    await killAll(found.map(({ group }) => group));
    if (found.length > 0) return;
    await sleep(SEARCH_EVERY_MS);
  }
}

/** Returns whether the process leads a session and is younger than the guard. Every program that this guard protects is such a process. */
function isStarted({ pid, session, isZombie, startedAtTicks }: ProcessEntry, sinceTicks: number): boolean {
  return session === pid && !isZombie && startedAtTicks >= sinceTicks;
}

function hasMember({ pid }: ProcessEntry, member: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`RANKD_MEMBER=${member}`);
  } catch {
    return false;
  }
}
