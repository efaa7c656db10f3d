import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from '@rankd/client';
import { DevelopmentCertificates, type LaunchedServer } from '@rankd/testkit';
import { Fleet, repository } from '../fleet.js';

const fleet = new Fleet();
let certificates: DevelopmentCertificates;
let server: LaunchedServer;

beforeAll(async () => {
  certificates = await DevelopmentCertificates.make(repository);
  server = await fleet.server({
    RANKD_TLS_CERT: certificates.path('server.pem'),
    RANKD_TLS_KEY: certificates.path('server-key.pem'),
    RANKD_TLS_CA: certificates.path('ca.pem'),
  });
});
afterAll(async () => {
  await fleet.dispose();
  await certificates.dispose();
});

describe('rankds://', () => {
  it.each(['localhost', '127.0.0.1'])(
    'joins %s over TLS with a certificate, read anew for each attempt',
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

  it('is told UNAUTHORIZED where it shows none, and does not try again', async () => {
    const tls = { ca: await certificates.text('ca.pem') };
    const joining = join(`rankds://localhost:${server.port}`, { tls, joinWithinMs: 60_000 });
    await expect(joining).rejects.toMatchObject({ code: 'UNAUTHORIZED', retry: false });
  });

  it('does not believe a server of an unknown CA, nor a name that is not its own', async () => {
    const joining = join(`rankds://localhost:${server.port}`, { joinWithinMs: 200 });
    await expect(joining).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringMatching(/certificate/),
    });
    const tls = { ca: await certificates.text('ca.pem') };
    const elsewhere = join(`rankds://127.0.0.2:${server.port}`, { tls, joinWithinMs: 200 });
    await expect(elsewhere).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
  });

  it('says what is wrong where one side speaks TLS and the other does not', async () => {
    const plainToTls = join(`rankd://127.0.0.1:${server.port}`, { joinWithinMs: 500 });
    await expect(plainToTls).rejects.toMatchObject({
      retry: expect.any(Boolean),
      code: expect.stringMatching(/^[A-Z_]+$/),
    });
    const plain = await fleet.server();
    const tlsToPlain = join(`rankds://127.0.0.1:${plain.port}`, { joinWithinMs: 500 });
    await expect(tlsToPlain).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
  });

  it('is how the client container joins with RANKD_TLS_*', async () => {
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
