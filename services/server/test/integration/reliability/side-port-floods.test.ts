import { readdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ChildProcess, eventually, ProcessServer, repository, within } from '@rankd/testkit';
import { Insiders, quantile, residentBytes, show } from './insiders.js';

/** What unauthenticated clients can do at the side port, and how it affects members. */

const MIB = 1_048_576;
/** The server would drop a member that it has not pinged for this long. */
const PULSE = { RANKD_HEARTBEAT_MS: '300', RANKD_SUSPEND_MS: '2000', RANKD_DEAD_MS: '4000' };
/** The memory that the server may use in a container of 512 MiB. */
const HEAP = { NODE_OPTIONS: '--max-old-space-size=256' };
const GROWTH_BYTES_MAX = 200 * MIB;
const FLOOD_MS = 2000;
/** `REQUEST_MS`, plus time for a busy machine. */
const DESTROYED_MS = 10_000 + 8000;

const launched: ProcessServer[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(launched.splice(0).map(server => server.dispose()));
});

async function launch(env: Readonly<Record<string, string>> = {}): Promise<ProcessServer> {
  const server = await ProcessServer.launch({ ...PULSE, ...HEAP, ...env });
  launched.push(server);
  return server;
}

/** Connections that keep their own end open and read nothing. */
async function dialMany(port: number, count: number, localAddress = '127.0.0.1'): Promise<Socket[]> {
  const dialled = Array.from({ length: count }, async () => {
    const socket = connect({ port, host: '127.0.0.1', localAddress, allowHalfOpen: true });
    sockets.push(socket);
    await new Promise<void>(resolve => {
      socket.on('error', () => undefined);
      socket.once('connect', resolve).once('close', () => resolve());
    });
    return socket;
  });
  return await Promise.all(dialled);
}

/** Writes as many requests as the connections accept for `FLOOD_MS`. Returns the highest memory use of the server. */
async function flood(server: ProcessServer, count: number, path: string, reads = false): Promise<number> {
  const peers = await dialMany(server.httpPort, count);
  if (reads) for (const socket of peers) socket.resume();
  const requests = Buffer.from(`GET ${path} HTTP/1.1\r\n\r\n`.repeat(2000));
  const untilMs = performance.now() + FLOOD_MS;
  let residentMax = 0;
  while (performance.now() < untilMs) {
    for (const socket of peers) if (socket.writable && socket.writableLength === 0) socket.write(requests);
    await new Promise(resolve => setTimeout(resolve, 20));
    residentMax = Math.max(residentMax, await residentBytes(server));
  }
  return residentMax;
}

async function descriptors(server: ProcessServer): Promise<number> {
  return (await readdir(`/proc/${server.childProcess.child.pid}/fd`)).length;
}

async function expectAnswered(server: ProcessServer, path: string): Promise<void> {
  await eventually(5000, `an answer to ${path}`, async () => {
    const response = await fetch(`http://127.0.0.1:${server.httpPort}${path}`).catch(() => undefined);
    await response?.arrayBuffer();
    return response?.status === 200 || undefined;
  });
}

describe('peers that pipeline', () => {
  it.each([
    [250, '/healthz'],
    [50, '/page.woff2'],
    [100, '/metrics'],
    [100, '/api/groups/inside'],
  ])(
    '%d of %s that read nothing use bounded memory and cost no member its session; afterwards others are answered',
    async (count, path) => {
      const server = await launch();
      const insiders = await Insiders.join(server, 'inside');
      const residentBefore = await residentBytes(server);
      const before = await insiders.goOnUntil(new Promise(resolve => setTimeout(resolve, 500)));
      const flooding = flood(server, count, path);
      const during = await insiders.goOnUntil(flooding);
      await insiders.expectUndisturbed();
      const grownBytes = (await flooding) - residentBefore;
      expect(grownBytes).toBeLessThan(GROWTH_BYTES_MAX);
      for (const socket of sockets.splice(0)) socket.destroy();
      for (const answered of ['/healthz', path]) await expectAnswered(server, answered);
      expect(server.childProcess.child.exitCode).toBeNull();
      show(`${count} of ${path}`, {
        'grown MiB': grownBytes / MIB,
        'p99 ms before': quantile(before, 0.99),
        'p99 ms during': quantile(during, 0.99),
      });
    },
    60_000,
  );

  it.each(['/healthz', '/metrics'])(
    '100 of %s that read everything are answered between frames of members',
    async path => {
      const server = await launch();
      const insiders = await Insiders.join(server, 'inside');
      const flooding = flood(server, 100, path, true);
      const during = await insiders.goOnUntil(flooding);
      await insiders.expectUndisturbed();
      expect(quantile(during, 0.5)).toBeLessThan(1000);
      show(`100 that read ${path}`, {
        'p50 ms during': quantile(during, 0.5),
        'p99 ms during': quantile(during, 0.99),
      });
    },
    60_000,
  );
});

it('5,000 pipelined requests of a peer that reads are all answered, in order', async () => {
  const server = await launch();
  const [peer] = await dialMany(server.httpPort, 1);
  if (peer === undefined) throw new Error('no connection');
  const groups = Array.from({ length: 5000 }, (_, index) => `g${index}`);
  let text = '';
  peer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  peer.write(groups.map(group => `GET /ranks?group=${group} HTTP/1.1\r\n\r\n`).join(''));
  const told = (): string[] => [...text.matchAll(/^group (\S+) has no members$/gm)].map(([, group = '']) => group);
  expect(await eventually(30_000, 'all answers', () => (told().length === groups.length ? told() : undefined))).toEqual(
    groups,
  );
}, 60_000);

describe('peers that complete no request, or read no answer', () => {
  const kinds: readonly { readonly bytes: string; readonly reads: boolean }[] = [
    { bytes: '', reads: true },
    { bytes: 'GET /healthz HTTP/1.1\r\nHost: ', reads: true },
    { bytes: 'POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n', reads: true },
    { bytes: '{"type":"hello"}\n', reads: true },
    { bytes: 'GET /page.woff2 HTTP/1.1\r\n\r\n'.repeat(500), reads: false },
  ];
  const peersOfAKind = 24;

  it('are destroyed, all 120 of them, while others are answered', async () => {
    const server = await launch();
    const insiders = await Insiders.join(server, 'inside');
    const before = await descriptors(server);
    const ended: Promise<void>[] = [];
    const unread: Socket[] = [];
    for (const { bytes, reads } of kinds) {
      const peers = await dialMany(server.httpPort, peersOfAKind);
      for (const socket of peers) socket.write(bytes);
      if (!reads) unread.push(...peers);
      else ended.push(...peers.map(async socket => new Promise<void>(resolve => socket.resume().once('end', resolve))));
    }
    await expectAnswered(server, '/healthz');
    await insiders.goOnUntil(within(DESTROYED_MS, 'all to close', Promise.all(ended)));
    await insiders.expectUndisturbed();
    // The server holds no socket half open, although no peer has closed its own end.
    await eventually(
      DESTROYED_MS,
      'free descriptors',
      async () => (await descriptors(server)) < before + 5 || undefined,
    );
    expect(unread.filter(({ readableEnded }) => readableEnded)).toEqual([]);
  }, 60_000);
});

describe('descriptors', () => {
  it('are reserved for members: the side port uses at most a quarter of them', async () => {
    const server = await launch({ RANKD_HELLO_TIMEOUT_MS: '20000' });
    const limit = ['--pid', String(server.childProcess.child.pid), '--nofile=96:96'];
    expect(await new ChildProcess('prlimit', limit).exited).toMatchObject({ code: 0 });
    await eventually(10_000, 'the server to refuse by its new limit', async () => {
      for (const socket of sockets.splice(0)) socket.destroy();
      await dialMany(server.httpPort, 30);
      return server.logLines.some(({ event }) => event === 'http.refused') || undefined;
    });
    for (let host = 1; host <= 10; host += 1) await dialMany(server.httpPort, 30, `127.0.0.${host}`);
    const members = await server.joinMany(30, 'inside');
    expect(members).toHaveLength(30);
  }, 60_000);

  it('that are too few are logged at the start', async () => {
    const program = new ChildProcess('sh', ['-c', `ulimit -n 400; exec "${process.execPath}" dist/main.js`], {
      cwd: `${repository}/services/server`,
      env: { RANKD_PORT: '0', RANKD_HTTP_PORT: '0' },
    });
    try {
      const { msg } = await program.event('http.limited', undefined, 30_000);
      expect(msg).toContain(
        'the side port accepts at most 100 connections, because the process may open only 400 files',
      );
    } finally {
      await program.dispose();
    }
  }, 60_000);
});

describe('a large group', () => {
  const tags = Object.fromEntries(Array.from({ length: 12 }, (_, tag) => [`tag-${tag}`, 'x'.repeat(256)]));

  it('that 120 peers request without reading uses bounded memory', async () => {
    const server = await launch({ RANKD_MEMBERS_MAX: '500' });
    await server.joinMany(400, 'large', () => ({ tags, updates: 'rank' }));
    const residentBefore = await residentBytes(server);
    const peers = await dialMany(server.httpPort, 120);
    let residentMax = 0;
    for (let round = 0; round < 4; round += 1) {
      for (const socket of peers) socket.write('GET /api/groups/large HTTP/1.1\r\n\r\n');
      const untilMs = performance.now() + 1000;
      while (performance.now() < untilMs) {
        await new Promise(resolve => setTimeout(resolve, 20));
        residentMax = Math.max(residentMax, await residentBytes(server));
      }
    }
    expect(residentMax - residentBefore).toBeLessThan(GROWTH_BYTES_MAX);
    for (const socket of sockets.splice(0)) socket.destroy();
    await expectAnswered(server, '/api/groups/large');
    show('120 of a large group', { 'grown MiB': (residentMax - residentBefore) / MIB });
  }, 90_000);
});
