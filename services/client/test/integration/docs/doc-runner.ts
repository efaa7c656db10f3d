/** A directory that looks like a clone of the repository, in which the blocks of pages run. */

import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ChildProcess, repository, within } from '@rankd/testkit';
import { DEADLINE_MS } from '../fleet.js';
import { type DocBlock, moduleName, moduleOf, pageOf } from './doc-blocks.js';
import { DocPage } from './doc-page.js';

/** How long a page may take on a busy machine, ms, and how long the compiler may take. */
export const PAGE_MS = 30 * DEADLINE_MS;

/** A directory that looks like a clone of this checkout. `dispose` deletes it. */
export class DocStand {
  readonly #clone = mkdtempSync(join(tmpdir(), 'rankd-docs-'));
  readonly #pages: DocPage[] = [];

  constructor() {
    const isOwn = (name: string): boolean => ['.git', '.env', 'tutorial'].includes(name);
    for (const name of readdirSync(repository).filter(name => !isOwn(name))) {
      symlinkSync(resolve(repository, name), join(this.#clone, name));
    }
  }

  /** Ends processes that still run, even those of a page that has timed out, and deletes the directory. */
  async dispose(): Promise<void> {
    await Promise.all(this.#pages.map(async page => await page.dispose()));
    rmSync(this.#clone, { recursive: true, force: true });
  }

  /**
   * Compiles every program with the strict settings of rankd itself. Returns the errors by page and line. It emits code even for
   * programs with errors, so that the other blocks can run. Unused names are not errors.
   */
  async compile(blocks: readonly DocBlock[]): Promise<string[]> {
    const programs = blocks.filter(({ kind }) => kind === 'ts');
    mkdirSync(join(this.#clone, 'blocks'));
    for (const block of programs) writeFileSync(join(this.#clone, `${moduleName(block)}.ts`), moduleOf(block));
    const emitted = { composite: false, tsBuildInfoFile: null, declaration: false, noUnusedLocals: false };
    const compilerOptions = { ...emitted, types: ['node'], pretty: false };
    const project = { extends: '../tsconfig.base.json', compilerOptions, include: ['*.ts'] };
    writeFileSync(join(this.#clone, 'blocks/tsconfig.json'), JSON.stringify(project));
    const compiler = resolve(repository, 'node_modules/typescript/bin/tsc');
    const tsc = new ChildProcess(process.execPath, [compiler, '-p', 'blocks'], { cwd: this.#clone });
    const { code } = await within(PAGE_MS, 'the compiler', tsc.exited);
    const faults = tsc.lines.filter(line => /\berror TS/.test(line));
    if (code !== 0 && faults.length === 0) throw new Error(`the compiler ended with ${code}:\n${tsc.output}`);
    const located = /^.*?(blocks\/.+)~\d+\.ts\((\d+),\d+\): /;
    return faults.map(line => line.replace(located, (_, name: string, at: string) => `${pageOf(name)}:${at}: `)).sort();
  }

  /** Runs the compiled blocks of one page. Returns the first fault, or none. */
  async run(blocks: readonly DocBlock[]): Promise<string[]> {
    const page = new DocPage(this.#clone);
    this.#pages.push(page);
    try {
      return await page.run(blocks);
    } finally {
      await page.dispose();
    }
  }
}
