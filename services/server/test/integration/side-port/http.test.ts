import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually, type Joined } from '@rankd/testkit';
import { SidePortFixture } from './side-port-fixture.js';

jest.setTimeout(20_000);

let fixture: SidePortFixture;
let ann: Joined;
let bold: Joined;

beforeAll(async () => {
  fixture = await SidePortFixture.launch();
  ann = await fixture.join({ name: 'ann', tags: { zone: 'a' } });
  bold = await fixture.join({ name: '<b>&"bold"</b>' });
  await fixture.join({ name: 'other', group: 'second.group_1-x' });
});
afterAll(() => fixture.dispose());

describe('the side port', () => {
  it('reports on /healthz that the process is alive', async () => {
    const { status, body } = await fixture.get('/healthz');
    expect([status, JSON.parse(body)]).toEqual([200, { alive: true }]);
  });

  it('reports on /readyz that it accepts members, and that there is no mirror', async () => {
    const { status, body } = await fixture.get('/readyz');
    expect([status, JSON.parse(body)]).toEqual([200, { ready: true, state: 'accepting', mirror: { state: 'none' } }]);
  });

  it('lists on /api/groups every group with its size and leader', async () => {
    const leader = { member: ann.id, name: 'ann' };
    const { epoch } = ann.welcome;
    const groups = await fixture.json('/api/groups');
    expect(groups).toEqual({
      groups: expect.arrayContaining([
        { group: 'default', epoch, view: 2, size: 2, waiting: 0, membersMax: 100, leader },
        expect.objectContaining({ group: 'second.group_1-x', size: 1 }),
      ]),
    });
  });

  it('returns on /api/groups/:group the complete roster as members receive it', async () => {
    ann.peer.send({ type: 'roster' });
    const { group, epoch, view, size, members } = await ann.peer.next('roster');
    expect(await fixture.json('/api/groups/default')).toEqual({ group, epoch, view, size, members });
    expect(members).toEqual([
      expect.objectContaining({ rank: 0, name: 'ann', tags: { zone: 'a' }, slot: 0, state: 'present' }),
      expect.objectContaining({ rank: 1, member: bold.id }),
    ]);
  });

  it.each(['/api/groups/second.group_1-x', '/api/groups/%73econd%2Egroup_1-x', '/api/groups/second.group_1-x?x=1'])(
    'returns the other group on %s',
    async path => {
      expect(await fixture.json(path)).toMatchObject({ group: 'second.group_1-x', size: 1 });
    },
  );

  it('returns on /ranks the table, with a line for each member', async () => {
    const { headers, body } = await fixture.get('/ranks');
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    const [head, titles, first, second, ...rest] = body.split('\n');
    expect(head).toBe(`group default, 2 members, view 2, epoch ${Number(ann.welcome['epoch'])}`);
    expect(titles?.split(/ +/)).toEqual(['RANK', 'NAME', 'MEMBER', 'SLOT', 'STATE', 'ADDRESS', 'JOINED']);
    expect(first).toMatch(new RegExp(`^0 +ann +${ann.id} +0 +present +127\\.0\\.0\\.1:\\d+ +\\d{4}-`));
    expect(second).toMatch(/^1 +<b>&"bold"<\/b> +/);
    expect(rest).toEqual(['']);
  });

  it('answers /ranks?group= for another group, an empty group and an invalid name', async () => {
    const body = async (query: string): Promise<string> => (await fixture.get(`/ranks?group=${query}`)).body;
    expect(await body('second%2Egroup_1-x')).toMatch(/^group second\.group_1-x, 1 members/);
    expect(await body('empty')).toBe('group empty has no members\n');
    expect(await body('%1b%5B31m%0Agroup%20default')).toBe('group \\u001b[31m\\u000agroup default has no members\n');
    expect(await body('%zz%')).toBe('group %zz% has no members\n');
    expect(await body('__proto__')).toBe('group __proto__ has no members\n');
    expect(await body('x'.repeat(5000))).toBe(`group ${'x'.repeat(64)} has no members\n`);
  });

  it('serves the live page on /, without inline code and with everything that the page names', async () => {
    const { status, headers, body } = await fixture.get('/');
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(body).not.toMatch(/<script(?![^>]+src=)|<style|\sstyle=|\son[a-z]+=/i);
    const named = [...body.matchAll(/(?:href|src)="(page[^"]+)"/g)].map(([, path = '']) => `/${path}`);
    // A proxy may serve the page under a path.
    expect(body).not.toMatch(/(?:href|src)="\//);
    const types = await Promise.all(named.map(async path => [path, (await fixture.get(path)).headers['content-type']]));
    expect(Object.fromEntries(types)).toEqual({
      '/page.js': 'text/javascript; charset=utf-8',
      '/page.css': 'text/css; charset=utf-8',
      '/page.svg': 'image/svg+xml',
      '/page.woff2': 'font/woff2',
    });
  });

  it('permits the page to load only from this server, and forbids to show data as a page', async () => {
    const policy = async (path: string): Promise<string> =>
      String((await fixture.get(path)).headers['content-security-policy']);
    const none = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    const sources = ['script', 'style', 'font', 'img', 'connect'].map(kind => `${kind}-src 'self'`);
    expect(await policy('/')).toBe(
      [none, ...sources, "require-trusted-types-for 'script'", "trusted-types 'none'"].join('; '),
    );
    for (const path of ['/ranks', '/api/groups', '/page.js', '/page.svg']) expect(await policy(path)).toBe(none);
  });
});

const shown = [
  '/',
  '/page.css',
  '/page.js',
  '/metrics',
  '/healthz',
  '/readyz',
  '/ranks',
  '/api/groups',
  '/api/groups/default',
];

describe('every answer', () => {
  it.each([...shown, '/nothing', '/api/groups/nobody', '//'])(
    'to GET %s has headers that restrict the browser',
    async path => {
      expectGuarded((await fixture.get(path)).headers);
    },
  );

  it.each(shown)('to HEAD %s has the headers of GET and no body', async path => {
    const [head, get] = [await fixture.get(path, 'HEAD'), await fixture.get(path)];
    expect(head.body).toBe('');
    expect(head.status).toBe(get.status);
    expect(head.headers['content-type']).toBe(get.headers['content-type']);
    expectGuarded(head.headers);
    expect(Number(get.headers['content-length'])).toBe(Buffer.byteLength(get.body));
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])('to %s is 405 in JSON', async method => {
    const { status, headers, body } = await fixture.get('/ranks', method, { origin: 'http://evil.example' });
    expect(status).toBe(405);
    expect(headers['allow']).toBe('GET, HEAD');
    expect(JSON.parse(body)).toEqual({ code: 'METHOD_NOT_ALLOWED', message: expect.stringContaining(method) });
    expectGuarded(headers);
  });

  it.each(['/nothing', '/api', '/api/groups/', '/api/groups/nobody', '/api/groups/default/', '/Ranks', '/ranks/'])(
    'to GET %s is 404 in JSON',
    async path => {
      const { status, headers, body } = await fixture.get(path);
      expect(status).toBe(404);
      expect(headers['content-type']).toBe('application/json; charset=utf-8');
      expect(JSON.parse(body)).toEqual({ code: 'NOT_FOUND', message: expect.any(String) });
    },
  );
});

function expectGuarded(headers: Readonly<Record<string, unknown>>): void {
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(headers['content-security-policy']).not.toMatch(/unsafe|\*/);
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(Object.keys(headers).filter(name => name.startsWith('access-control'))).toEqual([]);
}

describe('the answer', () => {
  const paths = [
    '//',
    '///x',
    '//[',
    '/%',
    '/%zz',
    '/%c3%28',
    '/api/groups/%',
    '/api/groups/%00',
    '/api/groups/..%2f..%2fetc%2fpasswd',
    '/api/groups/../../ranks',
    '/api/groups/__proto__',
    '/api/groups/constructor',
    '/?%',
    'http://[',
    '*',
  ];
  it.each(paths)('to the URL %p has a status', async path => {
    const { status, headers } = await fixture.get(path);
    expect([200, 400, 404]).toContain(status);
    expectGuarded(headers);
    expect((await fixture.get('/healthz')).status).toBe(200);
  });

  it('to a URL of ten thousand letters has a status', async () => {
    expect((await fixture.get(`/${'a'.repeat(10_000)}`)).status).toBe(404);
  });

  it('to the absolute URL of a proxy is the same', async () => {
    expect((await fixture.get('http://rankd.example:9464/healthz')).status).toBe(200);
    expect((await fixture.get('http://rankd.example')).headers['content-type']).toContain('text/html');
  });

  it.each([
    ['a word', 'hello\r\n'],
    ['an unknown version', 'GET / HTTP/9.9\r\n'],
    ["a member's hello", '{"type":"hello"}\n'],
    ['TLS', '\x16\x03\x01'],
    ['a zero byte in the URL', 'GET /\0 HTTP/1.1\r\n'],
  ])('to %s instead of HTTP is 400 with the security headers', async (_what, bytes) => {
    const answer = await fixture.sendBytes(`${bytes}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expectGuardedText(answer);
    expect(answer).toContain('BAD_REQUEST');
    expect((await fixture.get('/healthz')).status).toBe(200);
  });

  it.each([
    ['no Host', 'Connection: close'],
    ['an unknown Expect', 'Host: a\r\nExpect: x\r\nConnection: close'],
  ])('to headers with %s has the security headers', async (_what, headers) => {
    const answer = await fixture.sendBytes(`GET /nothing HTTP/1.1\r\n${headers}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    expectGuardedText(answer);
  });

  function expectGuardedText(answer: string): void {
    expect(answer.toLowerCase()).toContain("content-security-policy: default-src 'none'");
    expect(answer.toLowerCase()).toContain('x-content-type-options: nosniff');
  }

  it('does not change the state of the server', () => {
    expect(fixture.server.childProcess.child.exitCode).toBeNull();
    expect(fixture.server.childProcess.output).not.toMatch(/Error|at .*\.js:\d+/);
  });
});

describe('while draining', () => {
  it('/readyz is 503 and /healthz 200, and the roster is still served', async () => {
    const draining = await SidePortFixture.launch({ RANKD_DRAIN_MS: '10000' });
    try {
      const sender = await draining.join();
      await draining.join();
      sender.peer.send({ type: 'command', id: '1', name: 'wait', deadlineMs: 3000 });
      await sender.peer.next('receipt');
      draining.server.childProcess.kill('SIGTERM');
      const { body } = await eventually(2000, '503', async () => {
        const reply = await draining.get('/readyz');
        return reply.status === 503 ? reply : undefined;
      });
      expect(JSON.parse(body)).toMatchObject({ ready: false, state: 'draining' });
      expect((await draining.get('/healthz')).status).toBe(200);
      expect(await draining.json('/api/groups/default')).toMatchObject({ size: 2 });
    } finally {
      await draining.dispose();
    }
  });
});

it('/readyz is 503 until a mirror that cannot be read has been waited for, then 200, and says why it is down', async () => {
  const shortWait = { RANKD_REFORM_MS: '0', RANKD_HEARTBEAT_MS: '500', RANKD_SUSPEND_MS: '1500' };
  const mirrorless = await SidePortFixture.launch({ RANKD_REDIS_URL: 'redis://127.0.0.1:1', ...shortWait });
  try {
    const reason = 'connect ECONNREFUSED 127.0.0.1:1';
    const unread = await mirrorless.get('/readyz');
    expect(unread.status).toBe(503);
    expect(JSON.parse(unread.body)).toEqual({
      ready: false,
      state: 'starting',
      reason: `the last order in Redis at 127.0.0.1:1 has not been read: ${reason}`,
      mirror: { state: 'down', lagViews: 0, reason },
    });
    const body = await eventually(15_000, 'a server that is ready', async () => {
      const answer = await mirrorless.get('/readyz');
      return answer.status === 200 ? answer.body : undefined;
    });
    expect(JSON.parse(body)).toEqual({
      ready: true,
      state: 'accepting',
      mirror: { state: 'down', lagViews: 0, reason },
    });
  } finally {
    await mirrorless.dispose();
  }
});
