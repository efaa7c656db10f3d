import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, it } from '@jest/globals';
import { eventually } from '@rankd/testkit';
import { ClusterFixture } from './cluster-fixture.js';

/** In a cluster a stream first needs the shard of its group, so its peer may leave before it begins. */

const STREAMS_MAX = 40;

let fixture: ClusterFixture;
beforeAll(async () => {
  // The second server follows half of the shards, so it must read the others before their streams begin.
  fixture = await ClusterFixture.launch(2, { RANKD_HTTP_STREAMS_MAX: String(STREAMS_MAX), RANKD_SHARDS: '16' });
}, 60_000);
afterAll(() => fixture.dispose());

it('40 peers that leave before their stream begins use no slot', async () => {
  const { httpPort } = fixture.server(1);
  const ask = async (group: string): Promise<Socket> => {
    const socket = connect(httpPort, '127.0.0.1');
    socket.on('error', () => undefined);
    await new Promise(resolve => socket.once('connect', resolve));
    socket.write(`GET /api/groups/${group}/events HTTP/1.1\r\n\r\n`);
    return socket;
  };
  const leavers = await Promise.all(
    Array.from({ length: STREAMS_MAX }, async (_, index) => await ask(`group-${index}`)),
  );
  for (const leaver of leavers) leaver.end();
  const open: Socket[] = [];
  try {
    await eventually(20_000, 'the limit of open streams', async () => {
      const socket = await ask('nobody');
      const head = await new Promise<string>(resolve => {
        socket.once('data', (bytes: Buffer) => resolve(bytes.toString('latin1')));
        socket.once('close', () => resolve(''));
      });
      if (head.startsWith('HTTP/1.1 200')) open.push(socket);
      else socket.destroy();
      return open.length === STREAMS_MAX ? true : undefined;
    });
  } finally {
    for (const socket of [...open, ...leavers]) socket.destroy();
  }
}, 60_000);
