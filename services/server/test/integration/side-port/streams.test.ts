import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually, RawPeer } from '@rankd/testkit';
import { SidePortFixture } from './side-port-fixture.js';
import type { Stream } from './stream.js';

jest.setTimeout(20_000);

const STREAMS_MAX = 8;
const REDRAW_MS = 250;

let fixture: SidePortFixture;
let groups = 0;

beforeAll(async () => {
  fixture = await SidePortFixture.launch({
    RANKD_HTTP_STREAMS_MAX: String(STREAMS_MAX),
    RANKD_GRACE_MS: '60000',
    RANKD_ADMIN_TOKEN: 'admin',
    RANKD_MEMBERS_MAX: '10',
    RANKD_WAITLIST_MAX: '5',
  });
});
afterAll(() => fixture.dispose());

function freshGroup(): string {
  groups += 1;
  return `group-${groups}`;
}

async function watching(group: string, watch: (stream: Stream) => Promise<void>): Promise<void> {
  const stream = await fixture.stream(`/api/groups/${group}/events`);
  try {
    expect([stream.status, stream.headers['content-type']]).toEqual([200, 'text/event-stream']);
    await watch(stream);
  } finally {
    stream.close();
  }
}

const view = (number: number, kind: string, own: object = {}): object => ({
  event: 'view',
  data: expect.objectContaining({ view: number, cause: expect.objectContaining({ kind }), ...own }),
});

describe('server-sent events', () => {
  it('begin with the roster of /api/groups/:group, and continue with each view', async () => {
    const group = freshGroup();
    const ann = await fixture.join({ group, name: 'ann' });
    await watching(group, async stream => {
      expect(await stream.next()).toEqual({ event: 'roster', data: await fixture.json(`/api/groups/${group}`) });
      const bob = await fixture.join({ group, name: 'bob', tags: { zone: 'a' } });
      const joined = expect.objectContaining({ rank: 1, member: bob.id, tags: { zone: 'a' }, state: 'present' });
      expect(await stream.next()).toEqual(view(2, 'joined', { joined, size: 2, epoch: ann.welcome['epoch'] }));
      bob.peer.reset();
      expect(await stream.next()).toEqual(view(3, 'away'));
      const again = await fixture.join({ group, resume: { member: bob.id, secret: bob.welcome['resume'] } });
      expect(await stream.next()).toEqual(
        view(4, 'resumed', { resumed: expect.objectContaining({ rank: 1, member: bob.id, state: 'present' }) }),
      );
      again.peer.send({ type: 'leave' });
      const cause = { kind: 'left', member: bob.id, name: 'bob', rank: 1, reason: 'LEFT' };
      expect(await stream.next()).toEqual(view(5, 'left', { cause, size: 1 }));
    });
  });

  it('have the ranks of a move', async () => {
    const group = freshGroup();
    for (let rank = 0; rank < 3; rank += 1) await fixture.join({ group });
    const { id: member } = await fixture.join({ group });
    const admin = await fixture.join({ group, role: 'observer', token: 'admin' });
    await watching(group, async stream => {
      await stream.next();
      admin.peer.send({ type: 'admin', id: '1', action: 'move', member, rank: 1 });
      expect(await stream.next()).toEqual(view(5, 'moved', { cause: expect.objectContaining({ member, rank: 1 }) }));
    });
  });

  it('have commands and their outcomes, without arguments and values', async () => {
    const group = freshGroup();
    const ann = await fixture.join({ group, name: 'ann' });
    const bob = await fixture.join({ group });
    await watching(group, async stream => {
      await stream.next();
      ann.peer.send({ type: 'command', id: '1', name: 'print', args: 'PAYLOAD' });
      const { seq } = await bob.peer.next('command');
      bob.peer.send({ type: 'result', seq, status: 'done', value: 'PAYLOAD' });
      const command = { group, seq, name: 'print', member: ann.id };
      expect(await stream.next()).toEqual({
        event: 'command',
        data: expect.objectContaining({ ...command, from: 'ann', rank: 0, recipients: 1 }),
      });
      expect(await stream.next()).toEqual({ event: 'outcome', data: expect.objectContaining({ ...command, done: 1 }) });
      expect(stream.text).not.toContain('PAYLOAD');
    });
  });

  it('have refused commands', async () => {
    const group = freshGroup();
    await fixture.join({ group });
    const bob = await fixture.join({ group, name: 'bob' });
    await watching(group, async stream => {
      await stream.next();
      bob.peer.send({ type: 'command', id: '1', name: 'print', to: { ranks: [0] }, args: 'PAYLOAD' });
      expect(await stream.next()).toEqual({
        event: 'refused',
        data: expect.objectContaining({
          group,
          name: 'print',
          member: bob.id,
          from: 'bob',
          rank: 1,
          code: 'OUTRANKED',
        }),
      });
      expect(stream.text).not.toContain('PAYLOAD');
    });
  });

  it('with ?pulse have a sample of the group’s activity every two seconds', async () => {
    const group = freshGroup();
    const ann = await fixture.join({ group });
    await fixture.join({ group });
    const stream = await fixture.stream(`/api/groups/${group}/events?pulse`);
    expect((await stream.next()).event).toBe('roster');
    const facts = { waiting: 0, waitlistMax: 5, membersMax: 10, state: 'accepting', mirror: { state: 'none' } };
    expect(await stream.next()).toEqual({
      event: 'pulse',
      data: { group, at: expect.any(String), everyMs: 2000, samples: expect.any(Array), ...facts },
    });
    ann.peer.send({ type: 'command', id: '1', name: 'print' });
    expect((await stream.next()).event).toBe('command');
    const sample = await eventually(8000, 'the sample with the command', () =>
      stream.events
        .filter(({ event }) => event === 'pulse')
        .flatMap(({ data }) => data['samples'] as { commands: number }[])
        .find(({ commands }) => commands > 0),
    );
    stream.close();
    expect(sample).toEqual({ at: expect.any(String), commands: 1, refused: 0, size: 2 });
  });

  it('of an unknown group begin with an empty roster, and continue when the group is created, also a second time', async () => {
    const group = freshGroup();
    await watching(group, async stream => {
      expect(await stream.next()).toEqual({
        event: 'roster',
        data: { group, epoch: 0, view: 0, size: 0, members: [] },
      });
      let epochBefore = 0;
      for (let life = 0; life < 2; life += 1) {
        const { peer, welcome } = await fixture.join({ group });
        const epoch = Number(welcome['epoch']);
        expect(epoch).toBeGreaterThan(epochBefore);
        expect(await stream.next()).toEqual(view(1, 'joined', { epoch }));
        peer.send({ type: 'leave' });
        await peer.closed;
        expect(await stream.next()).toEqual(view(2, 'left', { epoch, size: 0 }));
        epochBefore = epoch;
      }
    });
  });

  it('reach every stream of the group, and only that group', async () => {
    const [group, other] = [freshGroup(), freshGroup()];
    const streams = await Promise.all([1, 2, 3].map(() => fixture.stream(`/api/groups/${group}/events`)));
    await fixture.join({ group: other });
    await fixture.join({ group });
    for (const stream of streams) {
      expect((await stream.next()).event).toBe('roster');
      expect(await stream.next()).toEqual(view(1, 'joined'));
      expect(stream.text).toBe(streams[0]?.text);
      stream.close();
    }
  });

  it('have each view once, also if the stream begins while members join and leave', async () => {
    const group = freshGroup();
    await fixture.join({ group });
    const churning = new AbortController();
    const churn = (async () => {
      while (!churning.signal.aborted) {
        const { peer } = await fixture.join({ group });
        peer.send({ type: 'leave' });
        await peer.closed;
      }
    })();
    for (let round = 0; round < 10; round += 1) {
      await watching(group, async stream => {
        const { view: first } = (await stream.next()).data;
        for (let next = 1; next <= 5; next += 1) expect((await stream.next()).data['view']).toBe(Number(first) + next);
      });
    }
    churning.abort();
    await churn;
  });
});

describe('the number of streams', () => {
  it('is limited to RANKD_HTTP_STREAMS_MAX; one more gets 503 in JSON, until a stream ends', async () => {
    await untilNoneIsOpen();
    const paths = ['/api/groups/a/events', '/ranks?watch'];
    const streams: Stream[] = [];
    for (let count = 0; count < STREAMS_MAX; count += 1) streams.push(await fixture.stream(paths[count % 2] ?? ''));
    expect(streams.map(({ status }) => status)).toEqual(streams.map(() => 200));
    for (const path of paths) {
      const { status, headers, body } = await fixture.get(path);
      expect([status, headers['content-type']]).toEqual([503, 'application/json; charset=utf-8']);
      expect(JSON.parse(body)).toEqual({ code: 'FULL', message: expect.stringContaining('RANKD_HTTP_STREAMS_MAX') });
    }
    expect((await fixture.get('/ranks')).status).toBe(200);
    streams.pop()?.close();
    streams.push(
      await eventually(2000, 'a free slot', async () => {
        const stream = await fixture.stream('/ranks?watch');
        return stream.status === 200 ? stream : undefined;
      }),
    );
    for (const stream of streams) stream.close();
  });

  /** Waits until the server has closed every stream of the tests before. */
  async function untilNoneIsOpen(): Promise<void> {
    await eventually(3000, 'no open stream', async () => {
      const streams = await Promise.all(Array.from({ length: STREAMS_MAX }, () => fixture.stream('/ranks?watch')));
      for (const stream of streams) stream.close();
      return streams.every(({ status }) => status === 200) ? true : undefined;
    });
    await eventually(3000, 'a free slot', async () => {
      const stream = await fixture.stream('/ranks?watch');
      stream.close();
      return stream.status === 200 ? true : undefined;
    });
  }
});

describe('a peer that pipelines streams', () => {
  it('uses one slot, and frees it', async () => {
    const request = 'GET /ranks?watch HTTP/1.1\r\n\r\n';
    const peers = Array.from({ length: STREAMS_MAX }, () => connect(fixture.server.httpPort, '127.0.0.1'));
    for (const peer of peers) peer.resume().write(request.repeat(10));
    for (const peer of peers) await eventually(5000, 'a stream', () => (peer.bytesRead > 0 ? true : undefined));
    expect((await fixture.get('/ranks?watch')).status).toBe(503);
    for (const peer of peers) peer.destroy();
    const streams: Stream[] = [];
    await eventually(5000, 'all free slots', async () => {
      const stream = await fixture.stream('/ranks?watch');
      if (stream.status === 200) streams.push(stream);
      return streams.length === STREAMS_MAX ? true : undefined;
    });
    for (const stream of streams) stream.close();
  });
});

describe('HEAD', () => {
  it.each(['/api/groups/default/events', '/api/groups/nobody/events', '/ranks?watch'])(
    'of %s has the headers of GET, and ends',
    async path => {
      const head = await fixture.get(path, 'HEAD');
      const stream = await fixture.stream(path);
      stream.close();
      const guards = ['content-type', 'content-security-policy', 'x-content-type-options', 'cache-control'];
      expect([head.status, head.body]).toEqual([200, '']);
      for (const name of guards) expect([name, head.headers[name]]).toEqual([name, stream.headers[name]]);
    },
  );
});

describe('/ranks?watch', () => {
  it('is the table, redrawn after a change, at most every 250 ms', async () => {
    const group = freshGroup();
    await fixture.join({ group });
    const stream = await fixture.stream(`/ranks?watch&group=${group}`);
    expect(stream.headers['content-type']).toBe('text/plain; charset=utf-8');
    const sizes = (): number[] =>
      [...stream.text.matchAll(/^group \S+, (\d+) members/gm)].map(([, size]) => Number(size));
    await eventually(2000, 'a table', () => (sizes().length === 1 ? true : undefined));
    expect(stream.text).toBe((await fixture.get(`/ranks?group=${group}`)).body);

    const startedMs = performance.now();
    for (let count = 0; count < 8; count += 1) {
      const { peer } = await fixture.join({ group });
      if (count % 2 === 0) peer.send({ type: 'leave' });
    }
    await eventually(2000, 'the newest table', () => (sizes().at(-1) === 5 ? true : undefined));
    const redraws = sizes().length - 1;
    expect(redraws).toBeLessThanOrEqual(1 + Math.floor((performance.now() - startedMs) / REDRAW_MS));
    expect(stream.text.endsWith((await fixture.get(`/ranks?group=${group}`)).body)).toBe(true);
    stream.close();
  });

  it('of an unknown group is a sentence, and the table when the group is created', async () => {
    const group = freshGroup();
    const stream = await fixture.stream(`/ranks?group=${group}&watch=1`);
    await eventually(2000, 'a line', () => (stream.text === `group ${group} has no members\n` ? true : undefined));
    await fixture.join({ group });
    await eventually(2000, 'a table', () => (stream.text.includes(`group ${group}, 1 members`) ? true : undefined));
    stream.close();
  });
});

it('/api/groups has the number of members that wait for a seat', async () => {
  const group = freshGroup();
  for (let rank = 0; rank < 10; rank += 1) await fixture.join({ group });
  for (let position = 1; position <= 2; position += 1) {
    const peer = await fixture.connect();
    peer.send({ type: 'hello', group });
    await peer.next('waiting');
  }
  const { groups } = (await fixture.json('/api/groups')) as { groups: { group: string }[] };
  expect(groups.find(each => each.group === group)).toMatchObject({ size: 10, waiting: 2, membersMax: 10 });
});

/** Long tags, so that the newcomer is most of each event. */
const tags = Object.fromEntries(Array.from({ length: 12 }, (_, tag) => [`tag-${tag}`, 'x'.repeat(256)]));
const STALL_BYTES_MAX = 4_194_304;

it('a stream that does not read is ended, uses bounded memory, and delays no other stream', async () => {
  const group = freshGroup();
  await fixture.join({ group });
  const stalled = await fixture.stream(`/api/groups/${group}/events`);
  const reading = await fixture.stream(`/api/groups/${group}/events`);
  stalled.pause();
  const bytes = await floodUntilGone(group, reading);
  expect(reading.text.length).toBeGreaterThan(STALL_BYTES_MAX);
  // The buffers of the kernel do not count for the server.
  expect(bytes).toBeLessThan(STALL_BYTES_MAX + 16_777_216);
  expect(reading.end).toBeUndefined();
  expect(reading.events.filter(({ event }) => event === 'view').map(({ data }) => data['view'])).toEqual(
    reading.events.slice(1).map((_, index) => index + 2),
  );
  reading.close();
});

/** Joins and removes newcomers with long tags until only one stream is open. Returns how many bytes that took. */
async function floodUntilGone(group: string, reading: Stream): Promise<number> {
  for (let round = 0; round < 120; round += 1) {
    for (let count = 0; count < 6; count += 1) await comeAndGo(group, 8);
    if ((await streamsOpen()) === 1) return reading.text.length;
  }
  throw new Error(`both streams are open after ${reading.text.length} bytes`);
}

async function comeAndGo(group: string, count: number): Promise<void> {
  const peers = await Promise.all(Array.from({ length: count }, () => RawPeer.connect(fixture.server.port)));
  for (const peer of peers) peer.send({ type: 'hello', group, tags });
  await Promise.all(peers.map(async peer => await peer.next('welcome')));
  for (const peer of peers) peer.send({ type: 'leave' });
  await Promise.all(peers.map(async peer => await peer.closed));
}

/** Counts open streams by opening as many more as the limit. */
async function streamsOpen(): Promise<number> {
  const streams = await Promise.all(
    Array.from({ length: STREAMS_MAX }, () => fixture.stream('/ranks?watch&group=probe')),
  );
  for (const stream of streams) stream.close();
  return streams.filter(({ status }) => status !== 200).length;
}

it('streams end properly on shutdown', async () => {
  const ending = await SidePortFixture.launch();
  try {
    await ending.join();
    const streams = [await ending.stream('/api/groups/default/events'), await ending.stream('/ranks?watch')];
    ending.server.childProcess.kill('SIGTERM');
    expect(await Promise.all(streams.map(stream => stream.ended()))).toEqual(['complete', 'complete']);
    expect(await ending.server.childProcess.exited).toEqual({ code: 0, signal: null });
  } finally {
    await ending.dispose();
  }
});
