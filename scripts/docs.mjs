// Writes the pages of docs/ that are generated from the built packages. With --check it reports which pages are out of date.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createProgram, helpOf } from '../services/cli/dist/program.js';
import { clientSettingsSchema } from '../services/client/dist/container/config.js';
import {
  adminSchemas,
  clientMessageSchemas,
  errorCodes,
  mistakes,
  serverMessageSchemas,
} from '../services/protocol/dist/index.js';
import { serverSettingsSchema } from '../services/server/dist/config.js';
import { describeMetrics } from '../services/server/dist/observability/metrics/metric-descriptions.js';
import { renderApi } from './lib/docs/render-api.mjs';
import { renderConfiguration } from './lib/docs/render-configuration.mjs';
import { renderConnectionErrors } from './lib/docs/render-connection-errors.mjs';
import { renderErrors } from './lib/docs/render-errors.mjs';
import { renderMetrics } from './lib/docs/render-metrics.mjs';
import { renderRankctl } from './lib/docs/render-rankctl.mjs';
import { renderSchemas } from './lib/docs/render-schemas.mjs';

const adminByAction = Object.fromEntries(
  Object.entries(adminSchemas).map(([action, schema]) => [`admin-${action}`, schema]),
);
/** Returns the --help text of rankctl and of each of its verbs. */
function rankctlHelp() {
  const program = createProgram('', () => undefined);
  return [program, ...program.commands].map(command => ({ name: command.name(), help: helpOf(command, 100) }));
}

const pages = [
  { path: 'docs/errors.md', render: () => renderErrors(errorCodes) },
  { path: 'docs/connection-errors.md', render: () => renderConnectionErrors(mistakes) },
  {
    path: 'docs/configuration.md',
    render: () => renderConfiguration({ server: serverSettingsSchema, client: clientSettingsSchema }),
  },
  {
    path: 'docs/schemas/client-messages.json',
    render: () => renderSchemas('Messages from a client to the server', { ...clientMessageSchemas, ...adminByAction }),
  },
  {
    path: 'docs/schemas/server-messages.json',
    render: () => renderSchemas('Messages from the server to a client', serverMessageSchemas),
  },
  { path: 'docs/rankctl.md', render: () => renderRankctl(rankctlHelp()) },
  { path: 'docs/metrics.md', render: () => renderMetrics(describeMetrics()) },
  { path: 'docs/api.md', render: renderApi },
];

const isCheck = process.argv.includes('--check');
for (const { path, render } of pages) {
  const url = new URL(`../${path}`, import.meta.url);
  const wanted = await render();
  const present = await readFile(url, 'utf8').catch(() => undefined);
  if (present === wanted) continue;
  if (isCheck) {
    console.error(`${path} is out of date: run npm run build && node scripts/docs.mjs`);
    process.exitCode = 1;
  } else {
    await mkdir(new URL('.', url), { recursive: true });
    await writeFile(url, wanted);
    console.log(`wrote ${path}`);
  }
}
