import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { SidePortFixture } from './side-port-fixture.js';

jest.setTimeout(20_000);

const TOKEN = 'correct horse';
const data = ['/metrics', '/ranks', '/ranks?watch', '/api/groups', '/api/groups/default', '/api/groups/default/events'];
const open = ['/', '/page.js', '/page.css', '/page.svg', '/page.woff2', '/healthz', '/readyz'];

let fixture: SidePortFixture;
let member: string;

beforeAll(async () => {
  fixture = await SidePortFixture.launch({ RANKD_HTTP_TOKEN: TOKEN });
  ({ id: member } = await fixture.join({ name: 'somebody', group: 'default' }));
});
afterAll(() => fixture.dispose());

const wrong = [
  '',
  'Bearer',
  'Bearer ',
  `Bearer ${TOKEN}x`,
  'Bearer correct',
  `Basic ${TOKEN}`,
  TOKEN,
  'Bearer CORRECT HORSE',
];

describe('with RANKD_HTTP_TOKEN', () => {
  it.each([...data, '/nothing', '/%61pi/groups', '//'])(
    '%s without the token is 401 in JSON, with a challenge',
    async path => {
      for (const method of ['GET', 'HEAD']) {
        const { status, headers, body } = await fixture.get(path, method);
        expect(status).toBe(401);
        expect(headers['www-authenticate']).toBe('Bearer');
        expect(headers['content-type']).toBe('application/json; charset=utf-8');
        expect(headers['content-security-policy']).toContain("default-src 'none'");
        if (method === 'GET') expect(JSON.parse(body)).toEqual({ code: 'UNAUTHORIZED', message: expect.any(String) });
      }
    },
  );

  it.each(wrong)('%p is rejected', async authorization => {
    for (const path of data) expect((await fixture.get(path, 'GET', { authorization })).status).toBe(401);
  });

  it.each(['Bearer', 'bearer', 'BEARER'])('every path with the token (%s) is 200', async scheme => {
    const headers = { authorization: `${scheme} ${TOKEN}` };
    for (const path of data) {
      const stream = await fixture.stream(path, headers);
      expect([path, stream.status]).toEqual([path, 200]);
      stream.close();
    }
    expect((await fixture.get('/nothing', 'GET', headers)).status).toBe(404);
  });

  it.each(open)('%s needs no token, and contains nothing about members', async path => {
    const { status, headers, body } = await fixture.get(path);
    expect([status, headers['www-authenticate']]).toEqual([200, undefined]);
    for (const secret of [member, 'somebody', 'default,', '127.0.0.1:', TOKEN]) expect(body).not.toContain(secret);
    expect((await fixture.get(path, 'GET', { authorization: 'Bearer wrong' })).status).toBe(200);
  });

  it('the page explains how to read the data without it, and writes are rejected with or without the token', async () => {
    expect((await fixture.get('/')).body).toContain('Authorization: Bearer');
    expect((await fixture.get('/ranks', 'POST')).status).toBe(405);
    expect((await fixture.get('/ranks', 'POST', { authorization: `Bearer ${TOKEN}` })).status).toBe(405);
  });

  it('a token beyond Latin-1 is accepted from curl and from browsers, which send UTF-8', async () => {
    const token = 'ключ à';
    const other = await SidePortFixture.launch({ RANKD_HTTP_TOKEN: token });
    try {
      const bytes = Buffer.from(`Bearer ${token}`).toString('latin1');
      expect((await other.get('/api/groups', 'GET', { authorization: bytes })).status).toBe(200);
      expect((await other.get('/api/groups', 'GET', { authorization: bytes.slice(0, -1) })).status).toBe(401);
      // With a token any host may ask.
      expect((await other.get('/api/groups', 'GET', { authorization: bytes, host: 'evil.example' })).status).toBe(200);
    } finally {
      await other.dispose();
    }
  });

  it('the token is in no log line', () => {
    expect(fixture.server.childProcess.output).not.toContain(TOKEN);
  });
});

it('without RANKD_HTTP_TOKEN any Authorization header is ignored, and only known hosts may read data', async () => {
  const free = await SidePortFixture.launch({ RANKD_HTTP_HOSTS: 'server, Ranks.example' });
  try {
    expect((await free.get('/api/groups', 'GET', { authorization: 'Bearer x' })).status).toBe(200);
    const statuses = async (host: string): Promise<number[]> =>
      await Promise.all(
        ['/api/groups', '/ranks', '/metrics', '/readyz', '/'].map(
          async path => (await free.get(path, 'GET', { host })).status,
        ),
      );
    expect(await statuses('evil.example')).toEqual([421, 421, 200, 200, 200]);
    for (const host of ['server:9464', 'ranks.EXAMPLE.', 'localhost', '[::1]']) {
      expect([host, ...(await statuses(host))]).toEqual([host, 200, 200, 200, 200, 200]);
    }
  } finally {
    await free.dispose();
  }
});
