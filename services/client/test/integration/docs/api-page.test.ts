import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from '@jest/globals';
import { repository } from '@rankd/testkit';

it('docs/api.md is what scripts/docs.mjs makes from the docstrings, and every exported name has one', () => {
  const script = `
    import { renderApi } from ${JSON.stringify(pathToFileURL(resolve(repository, 'scripts/lib/docs/render-api.mjs')).href)};
    process.stdout.write(await renderApi());`;
  const rendered = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
  expect(readFileSync(resolve(repository, 'docs/api.md'), 'utf8')).toBe(rendered);
}, 120_000);
