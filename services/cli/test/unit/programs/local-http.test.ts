import { request, type IncomingHttpHeaders } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it as jestIt, jest } from '@jest/globals';
import type { Membership } from '@rankd/client';
import { type FleetServer, InProcessFleet } from '@rankd/testkit/in-process';
import { parseListenAddress, urlOf } from '../../../src/programs/local-http/listen-address.js';
import { LocalHttp } from '../../../src/programs/local-http/local-http.js';
import { BODY_BYTES_MAX } from '../../../src/programs/local-http/read-body.js';

// This limit is in real time. It matters only if a test hangs.
jest.setTimeout(30_000);
const DEADLINE_MS = 10_000;
/** This deadline is by the manual clock, which runs ahead while a text crosses a real socket. */
const TEXT_DEADLINE_MS = 10_000_000;
const fleet = new InProcessFleet();
let server: FleetServer;
const opened: LocalHttp[] = [];

/** Time passes on the manual clock while the body of the test waits. */
function it(name: string, body: () => Promise<void>): void {
  jestIt(name, async () => fleet.time.elapse(body()));
}

beforeAll(async () => {
  server = await fleet.server();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map(async http => http.close()));
});
afterAll(() => fleet.dispose());

interface Reply {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

async function ask(url: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Reply> {
  return await new Promise((resolve, reject) => {
    const asking = request(url, { method, headers, agent: false }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
      response.on('error', reject);
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

interface Fixture {
  readonly http: LocalHttp;
  readonly url: string;
  readonly key: string;
  readonly member: Membership;
  readonly resigned: string[];
  readonly ask: (path: string, options?: Ask) => Promise<Reply>;
  /** As `ask`, with the access key. */
  readonly askAs: (path: string, options?: Ask) => Promise<Reply>;
}

async function answering(member: Membership, group: string): Promise<Fixture> {
  const http = await LocalHttp.listen({ host: '127.0.0.1', port: 0 });
  opened.push(http);
  const resigned: string[] = [];
  http.answerFor({
    membership: member,
    group,
    leads: () => member.rank === 0,
    resign: async () => {
      await Promise.resolve();
      resigned.push(member.name ?? '');
    },
  });
  const { RANKD_HTTP: url, RANKD_HTTP_KEY: key } = http.variablesForStart();
  const asking = async (path: string, options?: Ask): Promise<Reply> => ask(`${url}${path}`, options);
  const askAs = async (path: string, options: Ask = {}): Promise<Reply> =>
    asking(path, { ...options, headers: { authorization: `Bearer ${key}`, ...options.headers } });
  return { http, url, key, member, resigned, ask: asking, askAs };
}

async function trio(): Promise<{ readonly group: string; readonly members: [Membership, Membership, Membership] }> {
  const group = fleet.newGroup();
  return { group, members: await fleet.joinAll(server.port, ['ann', 'bob', 'cid'], { group }) };
}

function jsonOf({ body }: Reply): unknown {
  return JSON.parse(body);
}

describe('R-PROG-9 GET /self', () => {
  it('has the state of the member, without a key and without a secret', async () => {
    const { group, members } = await trio();
    const [ann, bob] = members;
    await fleet.time.eventually(DEADLINE_MS, 'the size', () => (ann.size === 3 && bob.size === 3 ? true : undefined));
    const self = await (await answering(ann, group)).ask('/self');
    expect(self.status).toBe(200);
    const leader = { member: ann.member, name: 'ann' };
    const shared = { group, size: 3, leader, ...ann.view, suspended: false };
    const own = { member: ann.member, name: 'ann', rank: 0, slot: 0, leads: true, fence: { ...ann.fence } };
    expect(jsonOf(self)).toEqual({ ...shared, ...own });
    const { ask: askBob } = await answering(bob, group);
    const subordinate = { member: bob.member, name: 'bob', rank: 1, slot: 1, leads: false, fence: null };
    expect(jsonOf(await askBob('/self'))).toEqual({ ...shared, ...subordinate, ...bob.view });
  });

  it('is read against the clock at the moment of the request: the rank of an expired lease is null', async () => {
    const group = fleet.newGroup();
    const proxy = fleet.proxy(server.port);
    const ann = await fleet.join(proxy.port, { group, name: 'ann' });
    const { ask: askAnn } = await answering(ann, group);
    expect((await askAnn('/leads')).status).toBe(200);
    proxy.treat('toClient', 'hold');
    await fleet.next(ann, 'suspended');
    const [self, leads] = [jsonOf(await askAnn('/self')), await askAnn('/leads')];
    expect(self).toMatchObject({ group, rank: null, leads: false, suspended: true, fence: null });
    expect([leads.status, leads.body]).toEqual([503, '0']);
  });

  it('keeps answering when the membership has closed', async () => {
    const { group, members } = await trio();
    const { ask: askAnn } = await answering(members[0], group);
    await members[0].leave();
    expect(jsonOf(await askAnn('/self'))).toMatchObject({ group, member: null, rank: null, suspended: true });
  });
});

describe('R-PROG-9 GET /leads', () => {
  it('is 200 `1` for the leader and 503 `0` for the others', async () => {
    const { group, members } = await trio();
    const answers = await Promise.all(
      members.map(async member => {
        const { status, body } = await (await answering(member, group)).ask('/leads');
        return [status, body];
      }),
    );
    expect(answers).toEqual([
      [200, '1'],
      [503, '0'],
      [503, '0'],
    ]);
  });

  it('answers HEAD without a body', async () => {
    const { group, members } = await trio();
    const { ask: askAnn } = await answering(members[0], group);
    const { status, body, headers } = await askAnn('/leads', { method: 'HEAD' });
    expect([status, body, headers['content-length']]).toEqual([200, '', '1']);
  });
});

describe('R-PROG-9 GET /roster', () => {
  it('has the members by rank', async () => {
    const { group, members } = await trio();
    const { askAs } = await answering(members[1], group);
    const roster = jsonOf(await askAs('/roster')) as { members: { name: string }[] };
    expect(roster).toMatchObject({ group, size: 3 });
    expect(roster.members.map(({ name }) => name)).toEqual(['ann', 'bob', 'cid']);
  });

  it('is 503 without a session', async () => {
    const { group, members } = await trio();
    const { askAs } = await answering(members[1], group);
    await members[1].leave();
    const reply = await askAs('/roster');
    expect([reply.status, jsonOf(reply)]).toEqual([503, expect.objectContaining({ code: 'NOT_CONNECTED' })]);
  });
});

describe('R-PROG-9 POST /commands/NAME', () => {
  const post = { method: 'POST' };

  it('sends the body as args to subordinates and answers with the sheet', async () => {
    const { group, members } = await trio();
    const [ann, bob, cid] = members;
    const seen: unknown[] = [];
    bob.handle('print', (args, { argsJson }) => seen.push(args, argsJson));
    cid.handle('print', () => Promise.reject(new Error('no paper')));
    const { askAs } = await answering(ann, group);
    const reply = await askAs('/commands/print?to=below&deadlineMs=2000', {
      ...post,
      body: '{"n":12345678901234567890}',
    });
    expect(reply.status).toBe(200);
    expect(jsonOf(reply)).toMatchObject({
      ...{ recipients: 2, done: 1, failed: 1, refused: 0, expired: 0, left: 0, deadlineMs: 2000, unsent: [] },
      missing: [{ name: 'cid', status: 'failed', code: 'HANDLER_FAILED' }],
      results: [
        { from: { name: 'bob' }, status: 'done', value: 2 },
        { from: { name: 'cid' }, status: 'failed', error: { message: 'no paper' } },
      ],
    });
    expect(seen).toEqual([{ n: 12345678901234567000 }, '{"n":12345678901234567890}']);
  });

  it('sends no args for an empty body, and can do without the results', async () => {
    const { group, members } = await trio();
    const seen: unknown[] = [];
    members[1].handle('print', (_, { argsJson }) => void seen.push(argsJson));
    const { askAs } = await answering(members[0], group);
    const reply = await askAs('/commands/print?reply=outcome&to=name:bob', post);
    expect(jsonOf(reply)).toMatchObject({ recipients: 1, done: 1, results: [] });
    expect(seen).toEqual([undefined]);
  });

  it('is 409 with the code if the server refuses it', async () => {
    const { group, members } = await trio();
    const { askAs } = await answering(members[2], group);
    const replies = await Promise.all(
      ['?to=0', '', '?to=9'].map(async query => askAs(`/commands/print${query}`, post)),
    );
    expect(replies.map(reply => [reply.status, (jsonOf(reply) as { code: string }).code])).toEqual([
      [409, 'OUTRANKED'],
      [409, 'NO_RECIPIENTS'],
      [409, 'NO_SUCH_TARGET'],
    ]);
  });

  it('is 400 with the reason if the request itself is wrong', async () => {
    const { group, members } = await trio();
    const { askAs } = await answering(members[0], group);
    const wrong: readonly [string, string | Buffer, RegExp][] = [
      ['/commands/print', '{', /not JSON/],
      ['/commands/print', '{"__proto__":1}', /__proto__/],
      ['/commands/print', Buffer.from([0x22, 0xff, 0x22]), /not UTF-8/],
      ['/commands/a%20b', '', /name of the command/],
      ['/commands/print?to=none', '', /not a list of ranks/],
      ['/commands/print?to=tag:zone', '', /KEY=VALUE/],
      ['/commands/print?deadlineMs=0', '', /deadlineMs/],
      ['/commands/print?deadline=5', '', /not one of/],
      ['/commands/print?to=all&to=below', '', /twice/],
      ['/commands/print?reply=all', '', /not one of each, outcome/],
    ];
    for (const [path, body, message] of wrong) {
      const reply = await askAs(path, { ...post, body });
      expect([path, reply.status]).toEqual([path, 400]);
      expect(jsonOf(reply)).toEqual({ code: 'BAD_ARGUMENT', message: expect.stringMatching(message) });
    }
  });

  it('accepts a body at the payload limit, and is 413 above it and above its own limit', async () => {
    const { group, members } = await trio();
    members[1].handle('print', (args: string) => args.length);
    const { askAs } = await answering(members[0], group);
    const bodyOf = (bytes: number): string => `"${'x'.repeat(bytes - 2)}"`;
    const sent = await askAs('/commands/print?to=1', { ...post, body: bodyOf(64_512) });
    expect(jsonOf(sent)).toMatchObject({ done: 1, results: [{ value: 64_510 }] });
    for (const bytes of [64_513, BODY_BYTES_MAX, BODY_BYTES_MAX + 1]) {
      const reply = await askAs('/commands/print?to=1', { ...post, body: bodyOf(bytes) });
      expect([bytes, reply.status]).toEqual([bytes, 413]);
      expect(jsonOf(reply)).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    }
    const chunked = { ...post, headers: { 'transfer-encoding': 'chunked' }, body: bodyOf(BODY_BYTES_MAX + 1) };
    expect((await askAs('/commands/print?to=1', chunked)).status).toBe(413);
  });

  it('answers a client that waits for 100-continue', async () => {
    const { group, members } = await trio();
    members[1].handle('print', (args: number) => args);
    const { askAs } = await answering(members[0], group);
    const reply = await askAs('/commands/print?to=1', { ...post, headers: { expect: '100-continue' }, body: '7' });
    expect(jsonOf(reply)).toMatchObject({ results: [{ value: 7 }] });
  });
});

describe('R-PROG-9 POST /resign', () => {
  it('gives up the rank and answers with the state', async () => {
    const { group, members } = await trio();
    const { askAs, ask: askAnn, resigned } = await answering(members[0], group);
    expect((await askAnn('/resign', { method: 'POST' })).status).toBe(401);
    expect(resigned).toEqual([]);
    const reply = await askAs('/resign', { method: 'POST' });
    expect([reply.status, jsonOf(reply)]).toEqual([200, expect.objectContaining({ name: 'ann' })]);
    expect(resigned).toEqual(['ann']);
  });
});

describe('R-PROG-9 a request that is refused', () => {
  it('is 403 with a Host that is no address and not localhost, also without a key and for an unknown path', async () => {
    const { group, members } = await trio();
    const { ask: askAnn, askAs, url } = await answering(members[0], group);
    for (const path of ['/self', '/leads', '/roster', '/none']) {
      const reply = await askAs(path, { headers: { host: 'evil.example' } });
      expect([reply.status, jsonOf(reply)]).toEqual([403, expect.objectContaining({ code: 'FORBIDDEN' })]);
    }
    const port = new URL(url).port;
    for (const host of ['localhost', `localhost:${port}`, '127.0.0.1', `[::1]:${port}`, '10.1.2.3:80']) {
      expect((await askAnn('/self', { headers: { host } })).status).toBe(200);
    }
  });

  it('is 403 with an Origin, whatever it is', async () => {
    const { group, members } = await trio();
    const { askAs, url } = await answering(members[0], group);
    for (const origin of ['http://evil.example', url, 'null']) {
      for (const [method, path] of [
        ['GET', '/self'],
        ['POST', '/commands/print'],
        ['OPTIONS', '/self'],
      ] as const) {
        expect((await askAs(path, { method, headers: { origin } })).status).toBe(403);
      }
    }
  });

  it('is 401 with a missing or wrong key', async () => {
    const { group, members } = await trio();
    const { ask: askAnn, key } = await answering(members[0], group);
    const wrong = [
      '',
      'Bearer',
      'Bearer ',
      `Basic ${key}`,
      key,
      `Bearer ${key}x`,
      `Bearer ${key.slice(1)}`,
      'Bearer é',
    ];
    for (const [method, path] of [
      ['GET', '/roster'],
      ['GET', '/events'],
      ['POST', '/commands/print'],
      ['POST', '/resign'],
    ] as const) {
      for (const authorization of wrong) {
        const reply = await askAnn(path, { method, headers: authorization === '' ? {} : { authorization } });
        expect([path, authorization, reply.status]).toEqual([path, authorization, 401]);
        expect(reply.headers['www-authenticate']).toBe('Bearer');
        expect(reply.body).not.toContain(key);
      }
    }
  });

  it('is 401 with the key of an earlier start', async () => {
    const { group, members } = await trio();
    const { http, askAs, ask: askAnn } = await answering(members[0], group);
    expect((await askAs('/roster')).status).toBe(200);
    const { RANKD_HTTP_KEY: next } = http.variablesForStart();
    expect((await askAs('/roster')).status).toBe(401);
    expect((await askAnn('/roster', { headers: { authorization: `Bearer ${next}` } })).status).toBe(200);
  });

  it('is 405 with another method, and names those that are allowed', async () => {
    const { group, members } = await trio();
    const { askAs } = await answering(members[0], group);
    for (const [method, path, allow] of [
      ['POST', '/self', 'GET, HEAD'],
      ['DELETE', '/roster', 'GET, HEAD'],
      ['GET', '/commands/print', 'POST'],
      ['GET', '/resign', 'POST'],
      ['PUT', '/commands/print', 'POST'],
    ] as const) {
      const reply = await askAs(path, { method });
      expect([reply.status, reply.headers.allow, jsonOf(reply)]).toEqual([
        405,
        allow,
        expect.objectContaining({ code: 'METHOD_NOT_ALLOWED' }),
      ]);
    }
  });

  it('is 404 with an unknown path', async () => {
    const { group, members } = await trio();
    const { askAs } = await answering(members[0], group);
    for (const path of ['/', '/selfie', '/self/', '/commands/', '/commands/a/b', '//self', '/self%00']) {
      const reply = await askAs(path);
      expect([path, reply.status, jsonOf(reply)]).toEqual([path, 404, expect.objectContaining({ code: 'NOT_FOUND' })]);
    }
  });

  it('is 503 before the member exists', async () => {
    const http = await LocalHttp.listen({ host: '127.0.0.1', port: 0 });
    opened.push(http);
    const reply = await ask(`${http.url}/self`);
    expect([reply.status, jsonOf(reply)]).toEqual([503, expect.objectContaining({ code: 'NOT_CONNECTED' })]);
  });
});

describe('R-PROG-9 GET /events', () => {
  it('begins with the state, and has each event and the state after it', async () => {
    const group = fleet.newGroup();
    const [ann, bob] = await fleet.joinAll(server.port, ['ann', 'bob'], { group });
    const { url, key } = await answering(bob, group);
    const events = await fetch(`${url}/events`, { headers: { authorization: `Bearer ${key}` } });
    expect([events.status, events.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    let text = '';
    const decoder = new TextDecoder();
    const reading = (async () => {
      for await (const chunk of events.body ?? []) text += decoder.decode(chunk as Uint8Array);
    })();
    const says = async (what: RegExp): Promise<void> => {
      await fleet.time.eventually(TEXT_DEADLINE_MS, String(what), () => (what.test(text) ? true : undefined));
    };
    await says(/^retry: 1000\n\nevent: self\ndata: \{.*"rank":1,.*\}\n\n$/);
    bob.handle('print', () => 'a value that no log has');
    await ann.command('print', 'arguments that no log has');
    await says(/event: executed\ndata: \{"name":"print",.*"status":"done","error":null\}\n\nevent: self/);
    await ann.leave();
    await says(/event: rank\ndata: \{"rank":0,"was":1,.*\}\n\nevent: self\ndata: \{.*"rank":0,.*"leads":true/);
    await bob.leave();
    await says(/event: closed\ndata: \{\}\n\nevent: self\ndata: \{.*"rank":null/);
    expect(text).not.toContain('that no log has');
    await opened[0]?.close();
    await reading.catch(() => undefined);
  });
});

describe('R-PROG-9 the option --http', () => {
  jestIt.each([
    ['8080', { host: '127.0.0.1', port: 8080 }, 'http://127.0.0.1:8080'],
    ['0', { host: '127.0.0.1', port: 0 }, 'http://127.0.0.1:0'],
    ['0.0.0.0:8080', { host: '0.0.0.0', port: 8080 }, 'http://127.0.0.1:8080'],
    ['[::]:8080', { host: '::', port: 8080 }, 'http://[::1]:8080'],
    ['[::1]:8080', { host: '::1', port: 8080 }, 'http://[::1]:8080'],
    ['localhost:65535', { host: 'localhost', port: 65_535 }, 'http://localhost:65535'],
  ])('accepts %s', (text, address, url) => {
    expect(parseListenAddress(text)).toEqual(address);
    expect(urlOf(address)).toBe(url);
  });

  jestIt.each([
    '',
    ':80',
    '65536',
    '-1',
    '80 80',
    'a b:80',
    '::1:80',
    '[localhost]:80',
    'http://a:80',
    '127.0.0.1',
    '1e3',
  ])('is a usage error: %j', text => {
    expect(() => parseListenAddress(text)).toThrow(`--http ${JSON.stringify(text)} is not of the form`);
  });

  jestIt('is one sentence if the port is in use or the address is not of this machine', async () => {
    const http = await LocalHttp.listen({ host: '127.0.0.1', port: 0 });
    opened.push(http);
    const port = Number(new URL(http.url).port);
    await expect(LocalHttp.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({
      name: 'ProgramEnd',
      code: 78,
      message: `--http cannot listen on 127.0.0.1 port ${port} (EADDRINUSE: another process uses the port)`,
    });
    await expect(LocalHttp.listen({ host: '203.0.113.1', port: 0 })).rejects.toThrow('EADDRNOTAVAIL');
  });
});
