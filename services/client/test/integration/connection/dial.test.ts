import { connect, createServer, type Server } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ServerAddress } from '@rankd/client';
import type { LaunchedServer } from '@rankd/testkit';
import { Fleet } from '../fleet.js';

const fleet = new Fleet();
const directory = mkdtempSync(join(tmpdir(), 'rankd-dial-'));
const path = join(directory, 'rankd.sock');
let server: LaunchedServer;
let relay: Server;

/** A Unix socket that is connected to the server. */
beforeAll(async () => {
  server = await fleet.server({ RANKD_HEARTBEAT_MS: '200', RANKD_SUSPEND_MS: '800', RANKD_DEAD_MS: '1600' });
  relay = createServer(near => {
    const far = connect(server.port, '127.0.0.1');
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on('error', () => undefined);
  });
  relay.listen(path);
  await once(relay, 'listening');
});
afterAll(async () => {
  await fleet.dispose();
  relay.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('dial', () => {
  it('opens the connection instead of TCP, and receives the address', async () => {
    const asked: ServerAddress[] = [];
    const member = await fleet.join(server.port, {
      dial: async address => {
        asked.push(address);
        const socket = connect(path);
        await once(socket, 'connect');
        return socket;
      },
    });
    expect([member.rank, asked]).toEqual([0, [{ host: '127.0.0.1', port: server.port, transport: 'tcp' }]]);
    await member.leave();
  });
});
