import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { repository } from '@rankd/testkit';
import { clientSettingsSchema } from '../../../../client/src/container/config.js';
import { serverSettingsSchema } from '../../../src/config.js';
import { describeMetrics } from '../../../src/observability/metrics/metric-descriptions.js';

/** The generated pages match their sources. `npm run build && node scripts/docs.mjs` writes them. */

const readPage = (name: string): string => readFileSync(resolve(repository, 'docs', name), 'utf8');

/** Renders a page as scripts/docs.mjs does. The content is passed as JSON, so that an older build does not matter. */
function rendered(file: string, render: string, content: unknown): string {
  const script = `
    import { ${render} } from ${JSON.stringify(pathToFileURL(resolve(repository, 'scripts/lib/docs', file)).href)};
    import { readFileSync } from 'node:fs';
    process.stdout.write(await ${render}(JSON.parse(readFileSync(0, 'utf8'))));
  `;
  return execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    input: JSON.stringify(content),
    encoding: 'utf8',
  });
}

/** The first cells of the rows below a heading; without a heading, those of all rows. */
function firstCells(page: string, heading = ''): string[] {
  const start = page.indexOf(heading);
  const end = page.indexOf('\n## ', start + 1);
  const rows = page.slice(start, end === -1 ? undefined : end).matchAll(/^\| (`.*?) *\|/gm);
  return [...rows].map(([, cell = '']) => cell);
}

describe('docs/configuration.md', () => {
  const page = readPage('configuration.md');
  const schemas = { server: serverSettingsSchema, client: clientSettingsSchema };

  it('equals the output of scripts/docs.mjs for the schemas', () => {
    expect(page).toBe(rendered('render-configuration.mjs', 'renderConfiguration', schemas));
  });

  it.each([
    ['## Server', schemas.server],
    ['## Client container', schemas.client],
  ])('has a row below %s for every variable, and no other row', (heading, { properties }) => {
    const found = firstCells(page, heading).map(cell => /^`(\w+)`/.exec(cell)?.[1]);
    expect(found).toEqual(Object.keys(properties));
  });

  it('marks secrets, with the variable that names a file', () => {
    const secret = ['RANKD_TOKEN', 'RANKD_ADMIN_TOKEN', 'RANKD_HTTP_TOKEN', 'RANKD_REDIS_URL'];
    expect(firstCells(page, '## Server').filter(cell => cell.includes('secret'))).toEqual(
      secret.map(name => `\`${name}\` (secret; or \`${name}_FILE\`)`),
    );
  });
});

describe('docs/metrics.md', () => {
  const page = readPage('metrics.md');

  it('equals the output of scripts/docs.mjs for the registry', () => {
    expect(page).toBe(rendered('render-metrics.mjs', 'renderMetrics', describeMetrics()));
  });

  it('has a row for every rankd_ metric, with its type and labels', () => {
    const own = describeMetrics().filter(({ name }) => name.startsWith('rankd_'));
    expect(own.length).toBeGreaterThan(20);
    expect([...firstCells(page)].sort()).toEqual(own.map(({ name }) => `\`${name}\``).sort());
    for (const { name, type, labels } of own) {
      expect(page).toMatch(new RegExp(`^\\| \`${name}\` +\\| ${type} +\\| ${labels.join(', ')} *\\| [A-Z1]`, 'm'));
    }
  });
});
