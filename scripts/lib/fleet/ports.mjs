/** The ports of a local fleet. */

import { createServer } from 'node:net';

const host = '127.0.0.1';

/** Returns the port in the variable. For 0 it chooses a free port, because the script must know the port of each server. */
async function portFrom(text, fallback) {
  return Number(text ?? fallback) || freePort();
}

/** Returns the ports of several servers: consecutive ports from that in the variable, or free ports if it is 0. */
export async function portsFrom(text, fallback, count) {
  const first = await portFrom(text, fallback);
  const isAny = Number(text ?? fallback) === 0;
  return Promise.all(Array.from({ length: count }, (_, at) => (isAny && at > 0 ? freePort() : first + at)));
}

/** Returns a free port. */
export function freePort() {
  return listenOnce(0);
}

/** Returns a sentence for each of `ports` (variable → port) that another program already uses. */
export async function complaintsAboutPorts(ports) {
  const checks = Object.entries(ports).map(async ([variable, port]) => {
    const fault = await listenOnce(port).then(
      () => undefined,
      error => error,
    );
    if (fault === undefined) return [];
    const why = fault.code === 'EADDRINUSE' ? 'used by another program' : `not available (${fault.code})`;
    return [`port ${port} is ${why}: stop the program that uses it, or set ${variable} to another port`];
  });
  return (await Promise.all(checks)).flat();
}

function listenOnce(port) {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(port, host, () => {
      const { port: given } = probe.address();
      probe.close(() => resolve(given));
    });
  });
}
