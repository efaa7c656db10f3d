import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const host = '127.0.0.1';
const retryMs = 20;

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** Whether somebody listens there before `deadlineMs` have passed or `isOver` says that nobody will. */
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
