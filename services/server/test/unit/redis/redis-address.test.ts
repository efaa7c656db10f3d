import { describe, expect, it } from '@jest/globals';
import {
  formatRedisAddress,
  parseRedisAddress,
  type ClusterAddress,
  type RedisAddress,
} from '../../../src/redis/redis-address.js';
import { createRedisClient } from '../../../src/redis/redis-client.js';

const read = (url: string): RedisAddress => {
  const address = parseRedisAddress(url);
  if (address === undefined) throw new Error(`unusable: ${url}`);
  return address;
};

/** The addresses of one primary. */
const single = (url: string): Exclude<RedisAddress, ClusterAddress> => {
  const address = read(url);
  if (address.kind === 'cluster') throw new Error(`a Redis Cluster: ${url}`);
  return address;
};

describe('an address of Redis', () => {
  it.each([
    ['redis://host', 'host:6379'],
    ['rediss://user:secret@host:6380/2', 'host:6380/2'],
    ['redis://:a%40b@[::1]:7000', '[::1]:7000'],
    ['redis+sentinel://one/main', 'main through one:26379'],
    ['rediss+sentinel://user:secret@one:1,two,[::1]:3/main/4', 'main/4 through one:1,two:26379,::1:3'],
    ['redis+cluster://one', 'Redis Cluster through one:6379'],
    ['rediss+cluster://user:secret@one:1,two,[::1]:3/', 'Redis Cluster through one:1,two:6379,::1:3'],
  ])('%s is logged as %s', (url, place) => {
    expect(formatRedisAddress(read(url))).toBe(place);
  });

  it('with sentinels has the sentinels, the primary, the database and the credentials of each', () => {
    const query = 'sentinelUsername=watch&sentinelPassword=s%26p';
    expect(read(`redis+sentinel://rank%40d:p%3Aw@one:1,two/my.main_1/15?${query}`)).toEqual({
      kind: 'sentinel',
      transport: 'tcp',
      sentinels: [
        { host: 'one', port: 1 },
        { host: 'two', port: 26_379 },
      ],
      primary: 'my.main_1',
      db: 15,
      credentials: { username: 'rank@d', password: 'p:w' },
      sentinelCredentials: { username: 'watch', password: 's&p' },
    });
    expect(read('rediss+sentinel://:only@one/main')).toMatchObject({
      transport: 'tls',
      credentials: { password: 'only' },
      sentinelCredentials: {},
    });
  });

  it.each([
    'redis+sentinel://one',
    'redis+sentinel://one/',
    'redis+sentinel:///main',
    'redis+sentinel://one,,two/main',
    'redis+sentinel://one,/main',
    'redis+sentinel://one:99999/main',
    'redis+sentinel://one/main/x',
    'redis+sentinel://one/main/1/2',
    'redis+sentinel://one/ma in',
    'redis+sentinel://%zz@one/main',
    'redis+sentinel://a@b@one/main/',
    'http+sentinel://one/main',
    'redis+cluster://',
    'redis+cluster:///',
    'redis+cluster://one,,two',
    'redis+cluster://one,',
    'redis+cluster://one:99999',
    'redis+cluster://one/1',
    'redis+cluster://one?x=y',
    'redis+cluster://%zz@one',
    'http+cluster://one',
    'redis://%zz@host',
    'http://host',
    'host:6379',
  ])('is rejected: %s', url => {
    expect(parseRedisAddress(url)).toBeUndefined();
  });

  it('of a Redis Cluster has its nodes and their credentials', () => {
    expect(read('rediss+cluster://rank%40d:p%3Aw@one:1,two')).toEqual({
      kind: 'cluster',
      transport: 'tls',
      seeds: [
        { host: 'one', port: 1 },
        { host: 'two', port: 6379 },
      ],
      credentials: { username: 'rank@d', password: 'p:w' },
    });
    expect(read('redis+cluster://:only@one')).toMatchObject({ transport: 'tcp', credentials: { password: 'only' } });
  });

  it('sets the options of a client, with TLS to sentinels and primary', () => {
    const options = { lazyConnect: true, connectTimeout: 70, retryStrategy: () => 30 };
    const client = createRedisClient(single('rediss+sentinel://u:p@one,two/main/3?sentinelPassword=s'), options);
    expect(client.options).toMatchObject({
      name: 'main',
      db: 3,
      username: 'u',
      password: 'p',
      sentinels: [
        { host: 'one', port: 26_379 },
        { host: 'two', port: 26_379 },
      ],
      sentinelPassword: 's',
      sentinelCommandTimeout: 70,
      enableTLSForSentinelMode: true,
      tls: {},
      sentinelTLS: {},
    });
    expect(client.options.sentinelRetryStrategy?.(1)).toBe(30);
    expect(createRedisClient(single('redis+sentinel://one/main'), options).options.enableTLSForSentinelMode).toBe(
      false,
    );
    expect(createRedisClient(single('redis://host:7000/2'), options).options).toMatchObject({
      host: 'host',
      port: 7000,
      db: 2,
    });
  });
});
