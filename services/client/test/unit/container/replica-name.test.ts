import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { namesOf, replicaOf } from '../../../src/container/replica-name.js';

describe('the name of a replica', () => {
  it.each([
    [['comp-client-1.comp_default'], 'client-1'],
    [['rankd-client-12.rankd_default'], 'client-12'],
    [['my-app-client-3.my-app_default'], 'client-3'],
    [['my_app-client-3.my_app_default'], 'client-3'],
    [['4f2a.bridge', 'comp-client-2.comp_back'], 'client-2'],
  ])('is the name in the log lines of Compose: %j', (names, replica) => {
    expect(replicaOf(names)).toBe(replica);
  });

  it.each([
    [[]],
    [['']],
    [['box']],
    [['lan-box.lanx']],
    [['lan-box.lan']],
    [['-client-1._default']],
    [['other-client-1.comp_default']],
    [['ip-10-0-0-7.eu-west-1.compute.internal']],
  ])('is not found in names that are not from Compose: %j', names => {
    expect(replicaOf(names)).toBeUndefined();
  });
});

describe('the DNS query for it', () => {
  it('is cancelled after 1 s without an answer, and not earlier', async () => {
    const silent = createSocket('udp4');
    silent.bind(0, '127.0.0.1');
    await once(silent, 'listening');
    const resolver = new Resolver();
    resolver.setServers([`127.0.0.1:${silent.address().port}`]);
    const asked = once(silent, 'message');
    const startedMs = performance.now();
    expect(await namesOf('192.0.2.1', resolver)).toEqual([]);
    const tookMs = performance.now() - startedMs;
    await asked;
    silent.close();
    expect(tookMs).toBeGreaterThanOrEqual(998);
    // Without the cancellation the resolver would try again for several seconds.
    expect(tookMs).toBeLessThan(4000);
  });
});
