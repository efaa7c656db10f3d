import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { parseServerConfig, serverSettingsSchema, warningsOfConfig } from '../../src/config.js';

function faultsOf(environment: Readonly<Record<string, string>>): string {
  try {
    parseServerConfig(environment);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

describe('the settings', () => {
  it('have the defaults that the contract lists', () => {
    expect(parseServerConfig({})).toMatchObject({
      RANKD_HOST: '127.0.0.1',
      RANKD_PORT: 2700,
      RANKD_MEMBERS_MAX: 100,
      RANKD_WAITLIST_MAX: 0,
      RANKD_GROUPS_MAX: 64,
      RANKD_ALLOW_ANONYMOUS: false,
      RANKD_HEARTBEAT_MS: 1500,
      RANKD_SUSPEND_MS: 4500,
      RANKD_DEAD_MS: 6000,
      RANKD_GRACE_MS: 0,
      RANKD_GRACE_LEADER_MS: 0,
      RANKD_REFORM_MS: 5000,
      RANKD_ORDER_TTL_MS: 60_000,
      RANKD_HELLO_TIMEOUT_MS: 2000,
      RANKD_HELLO_PENDING_MAX: 1024,
      RANKD_OBSERVERS_MAX: 64,
      RANKD_HTTP_STREAMS_MAX: 64,
      RANKD_FRAME_BYTES_MAX: 65_536,
      RANKD_BACKLOG_BYTES_MAX: 8_388_608,
      RANKD_STALL_MS: 5000,
      RANKD_COMMANDS_OPEN_MAX: 1024,
      RANKD_COMMANDS_PER_SECOND: 0,
      RANKD_DEADLINE_MAX_MS: 60_000,
      RANKD_CONNECTIONS_PER_IP_MAX: 0,
      RANKD_HTTP_HOST: '127.0.0.1',
      RANKD_HTTP_PORT: 9464,
      RANKD_REDIS_PREFIX: 'rankd',
      RANKD_DRAIN_MS: 5000,
      LOG_LEVEL: 'info',
      LOG_FORMAT: 'json',
    });
  });

  it('have no tokens and no mirror by default', () => {
    const config = parseServerConfig({});
    expect(config.RANKD_TOKEN).toBeUndefined();
    expect(config.RANKD_ADMIN_TOKEN).toBeUndefined();
    expect(config.RANKD_HTTP_TOKEN).toBeUndefined();
    expect([config.RANKD_TLS_CERT, config.RANKD_TLS_KEY, config.RANKD_TLS_CA]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(config.RANKD_REDIS_URL).toBeUndefined();
  });

  it('cannot be changed', () => {
    expect(Object.isFrozen(parseServerConfig({}))).toBe(true);
  });

  it('have a description for every variable', () => {
    for (const [name, field] of Object.entries(serverSettingsSchema.properties)) {
      expect(`${name}: ${field.description ?? ''}`).toMatch(/: .{10,}/);
    }
  });

  it('report all faults at once, also those between variables, and quote no secret', () => {
    const message = faultsOf({
      RANKD_PORT: '99999',
      RANKD_MEMBERS_MAX: '0',
      RANKD_REDIS_URL: 'https://user:SECRET@example',
      RANKD_TOKEN: 'SECRET'.repeat(100),
      RANKD_HEARTBEAT_MS: '3000',
      LOG_LEVEL: 'loud',
    });
    expect(message.split('\n')).toHaveLength(7);
    expect(message).toContain('  - RANKD_PORT must be a whole number from 0 to 65535, not 99999');
    expect(message).toContain(
      '  - RANKD_REDIS_URL must be a redis:// or rediss:// URL, redis+sentinel://host:26379,host:26379/name, or redis+cluster://host:6379,host:6379\n',
    );
    expect(message).toContain('  - RANKD_TOKEN must be 1 to 256 characters\n');
    expect(message).toContain('2 x heartbeat <= suspend < dead, not 3000, 4500, 6000');
    expect(message).not.toContain('SECRET');
  });
});

describe('heartbeat, suspend and dead', () => {
  const times = (heartbeat: number, suspend: number, dead: number): Record<string, string> => ({
    RANKD_HEARTBEAT_MS: String(heartbeat),
    RANKD_SUSPEND_MS: String(suspend),
    RANKD_DEAD_MS: String(dead),
  });

  it.each([
    [1500, 4500, 6000],
    [1000, 2000, 2001],
    [10, 20, 30],
  ])('are accepted with %d, %d, %d', (heartbeat, suspend, dead) => {
    expect(faultsOf(times(heartbeat, suspend, dead))).toBe('');
  });

  it.each([
    [1001, 2000, 3000],
    [1000, 2000, 2000],
    [1000, 3000, 2500],
    [5000, 4500, 6000],
  ])('are rejected with %d, %d, %d, and the message says why', (heartbeat, suspend, dead) => {
    expect(faultsOf(times(heartbeat, suspend, dead))).toContain(
      `RANKD_HEARTBEAT_MS, RANKD_SUSPEND_MS and RANKD_DEAD_MS must be 2 x heartbeat <= suspend < dead, not ${heartbeat}, ${suspend}, ${dead}`,
    );
  });
});

describe('the host in RANKD_HOST', () => {
  it.each(['127.0.0.1', '127.5.5.5', '::1', '::ffff:127.0.0.1', 'localhost'])(
    '%s is loopback and needs no token',
    host => {
      expect(faultsOf({ RANKD_HOST: host })).toBe('');
    },
  );

  it.each(['0.0.0.0', '::', '192.168.1.2', '10.0.0.1', 'fe80::1', 'example.org', '127.example.org', '0'])(
    '%s is not loopback and needs a token, a CA or RANKD_ALLOW_ANONYMOUS=1',
    host => {
      expect(faultsOf({ RANKD_HOST: host })).toContain(`RANKD_HOST ${host} is reachable from other machines`);
      expect(faultsOf({ RANKD_HOST: host, RANKD_ALLOW_ANONYMOUS: '0' })).toContain('RANKD_ALLOW_ANONYMOUS=1');
      expect(faultsOf({ RANKD_HOST: host, RANKD_TOKEN: ' ' })).toContain('set RANKD_TOKEN');
      expect(faultsOf({ RANKD_HOST: host, RANKD_ALLOW_ANONYMOUS: '1' })).toBe('');
      expect(faultsOf({ RANKD_HOST: host, RANKD_TOKEN: 'token' })).toBe('');
    },
  );

  it('a server with a CA may listen there, and needs a certificate of its own', () => {
    const message = faultsOf({ RANKD_HOST: '0.0.0.0', RANKD_TLS_CA: '/nowhere' });
    expect(message).not.toContain('reachable from other machines');
    expect(message).toContain('RANKD_TLS_CA names a file that cannot be read: /nowhere');
    expect(message).toContain('set RANKD_TLS_CERT and RANKD_TLS_KEY too');
  });

  it('a token file that cannot be read is one fault, without the advice to set a token', () => {
    const message = faultsOf({ RANKD_HOST: '0.0.0.0', RANKD_TOKEN_FILE: '/nowhere' });
    expect(message.split('\n')).toEqual([
      expect.any(String),
      expect.stringContaining('RANKD_TOKEN_FILE names a file that cannot be read: /nowhere (ENOENT: '),
    ]);
  });
});

describe('the names in RANKD_HTTP_HOSTS', () => {
  it.each(['server', 'ranks.example.org', 'a,b', 'A , my_server.', '127.0.0.1', ''])('may be %j', names => {
    expect(faultsOf({ RANKD_HTTP_HOSTS: names })).toBe('');
  });

  it.each(['a:9464', 'http://a', 'a b', 'a,,b', 'a,', '*', '[::1]', 'é'])(
    'may not be %j, and the message says so',
    names => {
      expect(faultsOf({ RANKD_HTTP_HOSTS: names })).toMatch(/RANKD_HTTP_HOSTS must be host names, comma-separated/);
    },
  );
});

describe('a cluster', () => {
  const cluster = { RANKD_MODE: 'cluster', RANKD_REDIS_URL: 'redis://localhost' };

  it.each(['ranks.example:2700', 'http://ranks.example', 'rankd://', 'rankd://a/b', 'rankd://a,rankd://b'])(
    'rejects %s as the URL by which clients reach it',
    RANKD_ADVERTISED_URL => {
      expect(() => parseServerConfig({ ...cluster, RANKD_ADVERTISED_URL })).toThrow(
        'RANKD_ADVERTISED_URL must be a URL such as rankd://ranks.example:2700',
      );
    },
  );

  it.each(['rankd://ranks.example', 'rankds://10.0.0.5:2701', 'rankd://[fd00::5]:2700'])('accepts %s', url => {
    expect(parseServerConfig({ ...cluster, RANKD_ADVERTISED_URL: url }).RANKD_ADVERTISED_URL).toBe(url);
  });

  it('needs a Redis', () => {
    expect(faultsOf({ RANKD_MODE: 'cluster' })).toContain('RANKD_MODE is cluster and needs Redis');
  });

  it('has frames of at most 262,144 bytes, because each is stored in Redis whole (CLUSTER_FRAME_BYTES_MAX)', () => {
    expect(parseServerConfig({ ...cluster, RANKD_FRAME_BYTES_MAX: '262144' }).RANKD_FRAME_BYTES_MAX).toBe(262_144);
    expect(faultsOf({ ...cluster, RANKD_FRAME_BYTES_MAX: '262145' })).toContain(
      'RANKD_FRAME_BYTES_MAX must be at most 262144 if RANKD_MODE is cluster, not 262145',
    );
    expect(parseServerConfig({ RANKD_FRAME_BYTES_MAX: '262145' }).RANKD_FRAME_BYTES_MAX).toBe(262_145);
  });
});

describe('the mirror', () => {
  it.each([
    'redis://localhost',
    'redis://:secret@host:6380/2',
    'rediss://user:secret@host',
    'redis+sentinel://one,two:26380/primary',
    'redis+cluster://one,two:7000',
    'rediss+cluster://user:secret@one',
  ])('accepts the URL %s', url => {
    expect(parseServerConfig({ RANKD_REDIS_URL: url }).RANKD_REDIS_URL).toBe(url);
  });

  it.each([
    'localhost:6379',
    'http://localhost',
    'REDIS://x',
    'redis+sentinel://one',
    'http+sentinel://one/primary',
    'redis+cluster://one/1',
  ])('rejects the URL %s', url => {
    expect(faultsOf({ RANKD_REDIS_URL: url })).toContain('RANKD_REDIS_URL must be a redis:// or rediss:// URL');
  });

  it.each(['a{b}', 'a*', 'a b', 'a:b', '', 'x'.repeat(65)])('rejects a prefix that would be ambiguous (%p)', prefix => {
    if (prefix === '') expect(parseServerConfig({ RANKD_REDIS_PREFIX: prefix }).RANKD_REDIS_PREFIX).toBe('rankd');
    else expect(faultsOf({ RANKD_REDIS_PREFIX: prefix })).toContain('RANKD_REDIS_PREFIX');
  });
});

describe('equal tokens', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rankd-tokens-'));
  const file = join(directory, 'token');
  writeFileSync(file, 'same\n');
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each([
    ['RANKD_TOKEN', { RANKD_TOKEN: 'same', RANKD_ADMIN_TOKEN: 'same' }],
    ['RANKD_TOKEN', { RANKD_TOKEN_FILE: file, RANKD_ADMIN_TOKEN: 'same' }],
    ['RANKD_TOKEN', { RANKD_TOKEN: 'same', RANKD_ADMIN_TOKEN_FILE: file }],
    ['RANKD_TOKEN', { RANKD_TOKEN_FILE: file, RANKD_ADMIN_TOKEN_FILE: file }],
    ['RANKD_HTTP_TOKEN', { RANKD_HTTP_TOKEN: 'same', RANKD_ADMIN_TOKEN_FILE: file }],
  ])('as %s and RANKD_ADMIN_TOKEN are a fault that quotes neither: %j', (name, environment) => {
    const message = faultsOf(environment);
    expect(message).toContain(`${name} is equal to RANKD_ADMIN_TOKEN`);
    expect(message).not.toContain('same');
  });

  it('as RANKD_HTTP_TOKEN and RANKD_TOKEN are a warning only', () => {
    const config = parseServerConfig({ RANKD_HTTP_TOKEN: 'same', RANKD_TOKEN_FILE: file, RANKD_ADMIN_TOKEN: 'other' });
    expect(warningsOfConfig(config)).toEqual([expect.stringContaining('RANKD_HTTP_TOKEN is equal to RANKD_TOKEN')]);
  });

  it('are not seen in different or missing tokens', () => {
    const config = parseServerConfig({ RANKD_TOKEN: 'a', RANKD_ADMIN_TOKEN: 'b', RANKD_HTTP_TOKEN: 'c' });
    expect([...warningsOfConfig(config), ...warningsOfConfig(parseServerConfig({}))]).toEqual([]);
  });
});
