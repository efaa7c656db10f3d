/** Finds free ports and waits for listeners. */

import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const host = '127.0.0.1';
const retryMs = 20;

/** Returns a port that is free at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** Resolves with true when a process listens on the port. Resolves with false after `deadlineMs`, or if `isOver` returns true. */
export async function untilListening(port: number, deadlineMs: number, isOver: () => boolean): Promise<boolean> {
  const lateMs = performance.now() + deadlineMs;
  while (performance.now() < lateMs && !isOver()) {
    if (await answers(port)) return true;
    await sleep(retryMs);
  }
  return false;
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ port, host });
    const settle = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
