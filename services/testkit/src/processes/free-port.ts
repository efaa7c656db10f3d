/** Finds free ports. */

import { createServer } from 'node:net';

/**
 * The range of ports. It is below the range from which operating systems choose the ports of outgoing connections (Linux: from
 * 32768; others: higher). So a server can stop and listen again on the same port.
 */
const PORTS = { from: 10_000, count: 20_000 };

/** Returns a port on which no process listens. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * PORTS.count);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return await new Promise(resolve => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
