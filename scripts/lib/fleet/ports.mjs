import { createServer } from 'node:net';

const host = '127.0.0.1';

/** A variable's port; if it says 0, any free one: whoever starts the fleet has to know where it listens. */
async function portFrom(text, fallback) {
  return Number(text ?? fallback) || freePort();
}

/** The ports of several servers, side by side: from the variable's on, or any free ones where that says 0. */
export async function portsFrom(text, fallback, count) {
  const first = await portFrom(text, fallback);
  const isAny = Number(text ?? fallback) === 0;
  return Promise.all(Array.from({ length: count }, (_, at) => (isAny && at > 0 ? freePort() : first + at)));
}

export function freePort() {
  return listenOnce(0);
}

/** A sentence for a person for each of `ports` (variable → port) that another program holds. */
export async function complaintsAboutPorts(ports) {
  const checks = Object.entries(ports).map(async ([variable, port]) => {
    const fault = await listenOnce(port).then(
      () => undefined,
      error => error,
    );
    if (fault === undefined) return [];
    const why = fault.code === 'EADDRINUSE' ? 'taken by another program' : `not to be had (${fault.code})`;
    return [`port ${port} is ${why}: stop what holds it, or set ${variable} to another`];
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
