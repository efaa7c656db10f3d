import { readdirSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { repository } from '@rankd/testkit';
import { blocksOf, type DocBlock, fencesOf, fileOf } from './doc-blocks.js';
import { composeFaults } from './doc-compose.js';
import { INSTEAD, insteadOf } from './doc-overrides.js';
import { DocStand, PAGE_MS } from './doc-runner.js';

/** Every page with something that a user types, with its text. */
const pages = new Map(
  ['README.md', ...pagesIn('docs'), ...pagesIn('examples'), ...readmesIn('services')].map(
    page => [page, readFileSync(resolve(repository, page), 'utf8')] as const,
  ),
);
const blocksOfPages = new Map(
  [...pages].map(([page, text]) => [page, blocksOf(page, text)] as const).filter(([, blocks]) => blocks.length > 0),
);
const blocks = [...blocksOfPages.values()].flat();
const fences = [...pages].flatMap(([page, text]) =>
  fencesOf(text).map(fence => ({ at: `${page}:${fence.line}`, ...fence })),
);

/** The start of a line that a user would type. */
const COMMAND = /^(npm|npx|node|docker|scripts\/\w+|curl|git|python3|rankctl|export|mkdir|cd) (?!.*\|)/;

describe('the fences of all pages', () => {
  it('have a language; every fence marked sh or ts is a block, at any indentation', () => {
    const marks = new Set(fences.map(({ mark }) => mark));
    expect([...marks].sort()).toEqual(['console', 'dockerfile', 'ini', 'python', 'sh', 'text', 'ts', 'yaml']);
    const marked = fences.filter(({ mark }) => ['sh', 'ts'].includes(mark));
    expect(blocks.map(({ page, line }) => `${page}:${line}`)).toEqual(marked.map(({ at }) => at));
    expect(marked.length).toBeGreaterThan(30);
  });

  it('hide no command from being run: `text` is only output, `console` is a session with input and output', () => {
    const hidden = fences.filter(
      ({ mark, text }) => mark === 'text' && text.split('\n').some(line => COMMAND.test(line)),
    );
    expect(hidden.map(({ at }) => at)).toEqual([]);
    const silent = fences.filter(({ mark, text }) => mark === 'console' && !/^\$ .*\n[^$]/.test(text));
    expect(silent.map(({ at }) => at)).toEqual([]);
  });

  it('marked yaml, dockerfile or ini are part of a file that the page links to', () => {
    const unknown = [...pages].flatMap(([page, markdown]) => {
      const linked = [...markdown.matchAll(/\]\(([^\s:)]+(?:\.yml|\.service|\/Dockerfile))\)/g)].map(([, path = '']) =>
        readFileSync(resolve(repository, dirname(page), path), 'utf8'),
      );
      return fencesOf(markdown)
        .filter(
          ({ mark, text }) => ['yaml', 'dockerfile', 'ini'].includes(mark) && !linked.some(file => file.includes(text)),
        )
        .map(({ line }) => `${page}:${line}`);
    });
    expect(unknown).toEqual([]);
  });

  it('name only Compose files, services and profiles that exist', () => {
    const lines = fences.flatMap(({ at, text }) =>
      text.split('\n').map(line => ({ at, line: line.replace(/^\$ /, '') })),
    );
    const named = lines.filter(({ line }) => line.startsWith('docker compose '));
    expect(named.length).toBeGreaterThan(5);
    expect(named.flatMap(({ at, line }) => composeFaults(line).map(fault => `${at}: ${fault}`))).toEqual([]);
    expect(composeFaults('docker compose -f nowhere.yml up')).toEqual(['no file nowhere.yml']);
    expect(composeFaults('docker compose --profile dusk up --scale clients=3')).toEqual([
      'no service clients',
      'no profile dusk',
    ]);
    expect(composeFaults('docker compose exec servers rankctl ls  # exec redis')).toEqual(['no service servers']);
  });
});

const ts = (code: string): string => `\`\`\`ts\n${code}\n\`\`\`\n`;
const sh = (code: string): string => `\`\`\`sh\n${code}\n\`\`\`\n`;
const planted = (name: string, markdown: string): DocBlock[] =>
  blocksOf(`planted/${name}.md`, `# Planted\n\n${markdown}`);
const untyped = planted('untyped', ts('const number: number = 1;\nconst text: string = number;'));
const throwing = planted('throwing', ts("console.log('begun');\nthrow new Error('planted');"));

describe('the blocks', () => {
  const stand = new DocStand();
  let faults: string[];

  beforeAll(async () => {
    faults = await stand.compile([...blocks, ...untyped, ...throwing]);
  }, PAGE_MS);
  afterAll(() => stand.dispose());

  it('of the pages compile under strict settings; an error has the page and the line', () => {
    expect(faults).toEqual([expect.stringMatching(/^planted\/untyped\.md:5: error TS2322/)]);
  });

  it('that have a file name are run by a command of their page', () => {
    const unused = blocks.filter(block => {
      const program = fileOf(block)?.replace(/\.ts$/, '.js');
      return program !== undefined && !linesOf(blocksOfPages.get(block.page)).some(line => line.includes(program));
    });
    expect(unused.map(({ page, line }) => `${page}:${line}`)).toEqual([]);
  });

  it('contain every line that the table of replacements lists', () => {
    const used = new Set(linesOf(blocks).map(line => insteadOf(line)));
    expect(INSTEAD.filter(row => !used.has(row))).toEqual([]);
  });

  it.each([...blocksOfPages.keys()])(
    'of %s run in their order',
    async page => {
      expect(await stand.run(blocksOfPages.get(page) ?? [])).toEqual([]);
    },
    PAGE_MS,
  );

  it.each([
    ['throws', throwing, 3, /^ended with 1\n[^]*throwing\.md~3\.ts:5[^]*Error: planted/],
    ['exits with 3', planted('exiting', `${sh('true')}\n${sh('false || exit 3')}`), 7, /^ended with 3/],
    ['fails before its last line', planted('failing', sh('false\ntrue')), 3, /^ended with 1/],
    [
      'does not print its `until` text',
      planted('silent', `<!-- block: until "seven" -->\n\n${sh("sleep 300 & sh -c 'echo six; exit 4'")}`),
      5,
      /^nothing said "seven" before it ended with 4\n[^]*six/,
    ],
  ])('fail if one %s: the error has the page and the line', async (_how, page, line, fault) => {
    const [told = ''] = await stand.run(page);
    expect(told).toMatch(new RegExp(`^planted/\\w+\\.md:${line}: `));
    expect(told.replace(/^.*?: /, '')).toMatch(fault);
  });
});

function pagesIn(folder: string): string[] {
  const entries = readdirSync(resolve(repository, folder), { recursive: true, encoding: 'utf8' });
  return entries
    .filter(entry => entry.endsWith('.md'))
    .sort()
    .map(entry => `${folder}/${entry}`);
}

function readmesIn(folder: string): string[] {
  const entries = readdirSync(resolve(repository, folder)).flatMap(room =>
    readdirSync(resolve(repository, folder, room)).map(entry => `${room}/${entry}`),
  );
  return entries
    .filter(entry => entry.endsWith('/README.md'))
    .sort()
    .map(entry => `${folder}/${entry}`);
}

/** Returns the lines of these blocks that a user types. */
function linesOf(read: readonly DocBlock[] = []): string[] {
  return read.flatMap(({ kind, text }) => (kind === 'sh' ? text.split('\n') : []));
}
