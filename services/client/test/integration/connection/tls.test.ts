import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join, type JoinOptions, type RankdError } from '@rankd/client';
import { DevelopmentCertificates, type LaunchedServer, repository, within } from '@rankd/testkit';
import { DEADLINE_MS, Fleet } from '../fleet.js';

const fleet = new Fleet();
let certificates: DevelopmentCertificates;
let server: LaunchedServer;

beforeAll(async () => {
  certificates = await DevelopmentCertificates.make(repository);
  server = await fleet.server({
    // So that the server can also be reached at addresses that its certificate does not contain.
    RANKD_HOST: '0.0.0.0',
    RANKD_TLS_CERT: certificates.path('server.pem'),
    RANKD_TLS_KEY: certificates.path('server-key.pem'),
    RANKD_TLS_CA: certificates.path('ca.pem'),
  });
});
afterAll(async () => {
  await fleet.dispose();
  await certificates.dispose();
});

/** Returns the error of the first attempt to join. A busy machine may need a long time for it. */
async function firstFailure(url: string, options: JoinOptions = {}): Promise<RankdError> {
  const calling = new AbortController();
  const failure = new Promise<RankdError>(resolve => {
    const prepare: JoinOptions['prepare'] = me => me.once('disconnected', ({ error }) => resolve(error));
    join(url, { ...options, joinWithinMs: Infinity, signal: calling.signal, prepare }).catch(() => undefined);
  });
  return await within(DEADLINE_MS, 'a failure', failure).finally(() => calling.abort());
}

describe('rankds://', () => {
  it.each(['localhost', '127.0.0.1'])(
    'joins %s over TLS with a certificate, which is read again for each attempt',
    async host => {
      const options = { ca: await certificates.text('ca.pem'), ...(await certificates.identity('client')) };
      let asked = 0;
      const tls = (): typeof options => {
        asked += 1;
        return options;
      };
      const member = await join(`rankds://${host}:${server.port}`, { group: fleet.newGroup(), tls });
      expect(member.rank).toBe(0);
      expect(asked).toBe(1);
      await member.leave();
    },
  );

  it('ends with UNAUTHORIZED without a client certificate, and is not retried', async () => {
    const tls = { ca: await certificates.text('ca.pem') };
    const joining = join(`rankds://localhost:${server.port}`, { tls, joinWithinMs: 60_000 });
    await expect(joining).rejects.toMatchObject({ code: 'UNAUTHORIZED', retry: false });
  });

  it('rejects a server of an unknown CA, and a certificate of another name', async () => {
    const failure = { code: 'CONNECT_FAILED', message: expect.stringMatching(/certificate/) };
    expect(await firstFailure(`rankds://localhost:${server.port}`)).toMatchObject(failure);
    const tls = { ca: await certificates.text('ca.pem') };
    expect(await firstFailure(`rankds://127.0.0.2:${server.port}`, { tls })).toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringMatching(/does not match certificate/),
    });
  });

  it('reports that one side uses TLS and the other does not', async () => {
    expect(await firstFailure(`rankd://127.0.0.1:${server.port}`)).toMatchObject({
      retry: expect.any(Boolean),
      code: expect.stringMatching(/^[A-Z_]+$/),
    });
    const plain = await fleet.server();
    expect(await firstFailure(`rankds://127.0.0.1:${plain.port}`)).toMatchObject({ code: 'CONNECT_FAILED' });
  });

  it('is used by the client container with RANKD_TLS_*', async () => {
    const container = fleet.container({
      RANKD_URL: `rankds://localhost:${server.port}`,
      RANKD_GROUP: fleet.newGroup(),
      RANKD_TLS_CA: certificates.path('ca.pem'),
      RANKD_TLS_CERT: certificates.path('client.pem'),
      RANKD_TLS_KEY: certificates.path('client-key.pem'),
    });
    expect(await container.event('joined')).toMatchObject({ rank: 0 });
  });
});
