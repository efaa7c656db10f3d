import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { repository } from '@rankd/testkit';
import { blocksOf } from './doc-blocks.js';
import type { Instead } from './doc-overrides.js';
import { DocPage } from './doc-page.js';
import { PAGE_MS } from './doc-runner.js';

const folder = mkdtempSync(join(tmpdir(), 'rankd-packed-'));
const tarballs = join(folder, 'tarballs');
const modules = resolve(repository, 'node_modules');

/**
 * The commands that replace those of the page, because the tests have no registry: they install packed files in an empty folder. `npm init`
 * and `npm pkg` run as they are written.
 */
const replacements: readonly Instead[] = [
  {
    written: /^npm install rankd @rankd\/client( @rankd\/cli)?$/,
    run: `npm install --offline --no-audit --no-fund ${tarballs}/*.tgz`,
    why: 'asks a registry; the packed files are the same packages',
  },
  {
    written: /^npm install --save-dev typescript @types\/node$/,
    run: [
      'mkdir node_modules/@types',
      `ln -s ${modules}/typescript ${modules}/undici-types node_modules`,
      `ln -s ${modules}/@types/node node_modules/@types`,
      'ln -s ../typescript/bin/tsc node_modules/.bin/tsc',
    ].join(' && '),
    why: 'asks a registry; the packages of this checkout are the same',
  },
  { written: /^npx rankd --help$/, run: 'true', why: 'downloads the package; the page installs it later' },
  { written: /^npm (ci|run build)$/, run: 'true', why: 'is for a clone' },
];

/** Runs the pages one after the other in a new empty folder. Returns the first fault, or none. */
async function runPages(name: string, ...pages: readonly string[]): Promise<string[]> {
  const project = join(folder, name);
  mkdirSync(project);
  for (const path of pages) {
    const page = new DocPage(project, replacements);
    try {
      const faults = await page.run(blocksOf(path, readFileSync(resolve(repository, path), 'utf8')));
      if (faults.length > 0) return faults;
    } finally {
      await page.dispose();
    }
  }
  return [];
}

describe('in an empty folder, with the packed packages', () => {
  beforeAll(async () => {
    mkdirSync(tarballs);
    const packages = ['protocol', 'client', 'cli', 'server'].flatMap(name => ['-w', `services/${name}`]);
    // prepack would build again while other tests run. The build has been done.
    const pack = ['pack', '--ignore-scripts', '--pack-destination', tarballs, ...packages];
    await promisify(execFile)('npm', pack, { cwd: repository });
  }, PAGE_MS);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it(
    'the tutorial can be followed, and then the page about one replica',
    async () => {
      expect(await runPages('tutorial', 'docs/tutorial.md', 'docs/how-to/one-replica.md')).toEqual([]);
    },
    2 * PAGE_MS,
  );

  it(
    'the example of startRankd is a test that passes',
    async () => {
      const project = join(folder, 'testing');
      expect(await runPages('testing', 'services/server/README.md')).toEqual([]);
      // The test runner of Node exits with 0 also if it finds no test.
      const { stdout } = await promisify(execFile)(process.execPath, ['--test', 'ranks/ranks.test.js'], {
        cwd: project,
      });
      expect(stdout).toMatch(/^(#|ℹ) pass 1$/m);
    },
    PAGE_MS,
  );
});
