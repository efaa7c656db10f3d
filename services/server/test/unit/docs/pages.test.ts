import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { adminSchemas, clientMessageSchemas, serverMessageSchemas } from '@rankd/protocol';
import { repository } from '@rankd/testkit';
import { clientSettingsSchema } from '../../../../client/src/container/config.js';
import { serverSettingsSchema } from '../../../src/config.js';
import { mirrorKeys } from '../../../src/mirror/keys.js';
import { describeMetrics } from '../../../src/observability/metrics/metric-descriptions.js';

const read = (path: string): string => readFileSync(resolve(repository, path), 'utf8');

interface FieldsOf {
  readonly properties: object;
  readonly required?: readonly string[];
}

interface Published {
  readonly anyOf: readonly { readonly $ref: string }[];
  readonly $defs: Readonly<
    Record<string, { readonly required?: string[]; readonly properties?: Record<string, unknown> }>
  >;
}

const published = (name: string): Published => JSON.parse(read(`docs/schemas/${name}.json`)) as Published;

describe('docs/schemas', () => {
  it('lists every message of a client, with its fields and which of them are required', () => {
    const { $defs } = published('client-messages');
    const actions = Object.entries(adminSchemas).map(([action, schema]) => [`admin-${action}`, schema] as const);
    const wanted = new Map<string, FieldsOf>([...Object.entries(clientMessageSchemas), ...actions]);
    expect(Object.keys($defs)).toEqual([...wanted.keys()]);
    for (const [name, schema] of wanted) {
      expect([name, Object.keys($defs[name]?.properties ?? {})]).toEqual([name, Object.keys(schema.properties)]);
      expect([name, $defs[name]?.required]).toEqual([name, schema.required]);
    }
  });

  it('lists every message of the server', () => {
    expect(Object.keys(published('server-messages').$defs)).toEqual(Object.keys(serverMessageSchemas));
  });

  it('uses only schema kinds that other libraries support', () => {
    expect(read('docs/schemas/client-messages.json')).not.toMatch(/"RegExp"|"flags"/);
    expect(read('docs/schemas/server-messages.json')).not.toMatch(/"RegExp"|"flags"/);
  });
});

describe('the pages for operators', () => {
  it('docs/operations/logs.md has every event that the server logs, and no other', () => {
    // The logger itself reports the lines that were dropped.
    const source = read('services/server/src/server-event.ts') + read('services/startup/src/logger.ts');
    const events = new Set(
      [...source.matchAll(/event: ('[a-z.-]+'(?: \| '[a-z.-]+')*)/g)].flatMap(([, names = '']) => names.split(' | ')),
    );
    // Results are counted and not logged. Promotions are counted together and logged one by one.
    const unlogged = ["'result'"];
    const logged = [...events].filter(name => !unlogged.includes(name)).map(name => name.replaceAll("'", ''));
    const wanted = logged.map(name => (name === 'members.promoted' ? 'member.promoted' : name));
    const page = read('docs/operations/logs.md');
    const table = page.slice(page.indexOf('## Events of the server'), page.indexOf('## Limits per second'));
    const listed = [...table.matchAll(/^\| (`.*?) *\|/gm)].flatMap(([, cell = '']) =>
      cell.replaceAll('`', '').split(', '),
    );
    expect(listed.sort()).toEqual(wanted.sort());
  });

  it('docs/operations/redis.md has every key of the mirror, and no other', () => {
    const page = read('docs/operations/redis.md');
    const table = page.slice(page.indexOf('## Keys of the mirror'), page.indexOf('## Rights'));
    const listed = [...table.matchAll(/^\| `(.*?)`/gm)].map(([, key]) => key);
    expect(listed.sort()).toEqual(Object.values(mirrorKeys('rankd', 'default')).sort());
  });
});

describe('what the pages mention', () => {
  const operations = readdirSync(resolve(repository, 'docs/operations')).map(name => `docs/operations/${name}`);
  const pages = [
    ...['README.md', 'CONTRIBUTING.md', 'docs/leadership.md', 'docs/architecture.md', 'docs/operations.md'],
    ...operations,
  ];
  // Compose's own: the ports on the host, and a test's seed.
  const others = ['RANKD_PUBLISH_PORT', 'RANKD_PUBLISH_HTTP_PORT', 'RANKD_TEST_SEED'];
  const settings = [serverSettingsSchema, clientSettingsSchema].flatMap(({ properties }) => Object.keys(properties));
  const secretFiles = settings.map(name => `${name}_FILE`);

  it.each(pages)('%s names only settings and metrics that exist', page => {
    const text = read(page);
    const known = new Set([...settings, ...secretFiles, ...others]);
    expect([...text.matchAll(/RANKD_[A-Z_]+[A-Z]/g)].map(([name]) => name).filter(name => !known.has(name))).toEqual(
      [],
    );
    const metrics = new Set(describeMetrics().map(({ name }) => name));
    const named = [...text.matchAll(/\brankd_[a-z_]+[a-z]/g)].map(([name]) => name);
    expect(named.filter(name => !metrics.has(name))).toEqual([]);
  });

  it('docs/leadership.md names the default times', () => {
    const { RANKD_SUSPEND_MS: suspend, RANKD_DEAD_MS: dead, RANKD_REFORM_MS: reform } = serverSettingsSchema.properties;
    const text = read('docs/leadership.md');
    expect(text).toContain(`\`suspendMs\` (${Number(suspend.default) / 1000} s)`);
    expect(text).toContain(`\`deadMs\` (${Number(dead.default) / 1000} s)`);
    expect(text).toContain(`\`RANKD_REFORM_MS\` (${Number(reform.default) / 1000} s)`);
  });
});
