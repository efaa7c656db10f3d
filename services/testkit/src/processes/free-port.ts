import { createServer } from 'node:net';

/**
 * Below those that the operating system gives to whoever connects (Linux: from 32768, others higher): who listens here may go and
 * come back, and finds the port as free as it was.
 */
const PORTS = { from: 10_000, count: 20_000 };

/** A port that nobody listens on. */
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
