import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { repository } from '@rankd/testkit';
import { helpOf } from '../../src/program.js';
import { program, verbs } from '../verbs.js';

const page = readFileSync(resolve(repository, 'docs/rankctl.md'), 'utf8');

/** `npm run build && node scripts/docs.mjs` writes the page. */
describe('docs/rankctl.md', () => {
  it('is what scripts/docs.mjs makes from the help of the program and of each verb', () => {
    const help = [program, ...program.commands].map(command => ({ name: command.name(), help: helpOf(command, 100) }));
    const script = `
      import { renderRankctl } from ${JSON.stringify(pathToFileURL(resolve(repository, 'scripts/lib/docs/render-rankctl.mjs')).href)};
      import { readFileSync } from 'node:fs';
      process.stdout.write(await renderRankctl(JSON.parse(readFileSync(0, 'utf8'))));
    `;
    const args = ['--input-type=module', '--eval', script];
    expect(page).toBe(execFileSync(process.execPath, args, { input: JSON.stringify(help), encoding: 'utf8' }));
  });

  it('has an example of every verb', () => {
    for (const verb of verbs) {
      const section = page.slice(page.indexOf(`## ${verb}\n`));
      expect([verb, section.slice(0, section.indexOf('\n```\n'))]).toEqual([
        verb,
        expect.stringMatching(`\\$ .*rankctl ${verb}|rankctl ${verb} `),
      ]);
    }
  });

  it('is linked from the README', () => {
    expect(readFileSync(resolve(repository, 'README.md'), 'utf8')).toContain('docs/rankctl.md');
  });
});
