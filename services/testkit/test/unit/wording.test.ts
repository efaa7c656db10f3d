import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { repository } from '@rankd/testkit';

/** Where the phrase is, the name and the text of the file, and `line: phrase` for each phrase that the check must find. */
type Sample = readonly [where: string, name: string, text: string, found?: readonly string[]];

const withPhrase: readonly Sample[] = [
  ['a comment', 'a.ts', 'const a = 1;\n// It acts no more.\n', ['2: no more']],
  ['a docstring', 'a.ts', '/**\n * Sends it.\n * Reads it anew.\n */\nexport const a = 1;\n', ['3: anew']],
  ['a comment at the end of a line', 'a.mjs', 'call(); // whoever calls\n', ['1: whoever']],
  ['a string', 'a.ts', "throw new Error('the server tells why');\n", ['1: tells']],
  ['a template', 'a.ts', 'const text = `${name} goes on with\n${rank} anew`;\n', ['1: goes on', '2: anew']],
  ['a template within an expression', 'a.ts', 'const text = `a ${b ? `nobody ${c}` : 1} d`;\n', ['1: nobody']],
  ['the title of a test', 'a.test.ts', "it('lets nobody in', () => undefined);\n", ['1: lets', '1: nobody']],
  ['a JSX text', 'a.tsx', 'const a = <p>\n  Nobody is <b>here</b>\n</p>;\n', ['2: Nobody']],
  ['a JSX attribute', 'a.tsx', 'const a = <p title="But for one">{b}</p>;\n', ['1: But for']],
  ['a Markdown sentence', 'a.md', '# Title\n\nIt comes to an end.\n', ['3: comes to']],
  ['a table of Markdown', 'a.md', '| a | b |\n| - | - |\n| c | somebody |\n', ['3: somebody']],
  ['a YAML comment', 'a.yml', 'a: 1\n# ends for good.\nb: 2\n', ['2: for good']],
  ['a YAML text', 'a.yml', "summary: 'Nobody leads'\ndescription: It is put out\n", ['1: Nobody', '2: put out']],
  ['a comment of a Dockerfile', 'Dockerfile.a', '# meanwhile\nRUN true\n', ['1: meanwhile']],
  ['a description in .env.example', '.env.example', '# what comes next\n#A=1\n', ['1: what comes']],
  ['a Python comment and a text', 'a.py', 'a = 1  # told later\nb = "hence it waits"\n', ['1: told', '2: hence']],
  ['a text of HTML', 'a.html', '<p class="a">\nIt shall be read</p>\n', ['2: shall']],
  ['a comment of C', 'a.c', 'int a; /* the last\n * that it hears */\n', ['2: hears']],
  ['two lines of comments', 'a.ts', '// The member acts no\n// more, and waits.\n', ['1: no more']],
  ['two lines of Markdown', 'a.md', 'The member acts no\nmore.\n', ['1: no more']],
];

const withoutPhrase: readonly Sample[] = [
  ['code in a comment', 'a.ts', '/** Calls `told` and\n * `meanwhile`. */\nexport const a = 1;\n'],
  ['an identifier', 'a.ts', 'const told = nobody(meanwhile);\nlet tell = told.hence;\n'],
  ['a name in quotes', 'a.ts', "const a = b['nobody'];\nimport 'told';\n"],
  ['the code of an expression in a template', 'a.ts', 'const a = `it is ${told + nobody} here`;\n'],
  ['a code block', 'a.md', '```ts\n// told\n```\n\ntext\n\n    nobody tells\n\ntext\n'],
  ['code in a sentence, and a link', 'a.md', 'Call `tell()` or `` `told` ``: [it](nobody.md#told).\n'],
  ['a comment in Markdown', 'a.md', '<!-- block: until "told" -->\n'],
  ['a Python name', 'a.py', 'told = {"a": told["nobody"], "b": 1}\n'],
  ['a key of YAML', 'a.yml', 'user: nobody\nnobody-told: 1\n'],
  ['another word that has the phrase in it', 'a.md', 'A foretold letter, anew-ish, in all groups, no more than 3.\n'],
  ['a file that is not text', 'a.png', 'nobody told'],
  ['two paragraphs of Markdown', 'a.md', 'The answer is no\n\nmore or less.\n'],
  ['two paragraphs of a docstring', 'a.ts', '/**\n * The answer is no\n *\n * more or less.\n */\n'],
];

describe('scripts/wording.mjs', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rankd-wording-'));
  const pathOf = (where: string, name: string): string => join(directory, where.replaceAll(/[ /.,]/g, '-'), name);
  let lines: readonly string[] = [];

  /** Checks all samples in one process: the check takes a second to start. */
  beforeAll(() => {
    const paths = [...withPhrase, ...withoutPhrase].map(([where, name, text]) => {
      const path = pathOf(where, name);
      mkdirSync(join(path, '..'));
      writeFileSync(path, text);
      return path;
    });
    const program = resolve(repository, 'scripts/wording.mjs');
    const { status, stdout } = spawnSync(process.execPath, [program, ...paths], { encoding: 'utf8' });
    expect(status).toBe(1);
    lines = stdout.split('\n');
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const foundIn = (path: string): string[] =>
    lines.flatMap(line =>
      line.startsWith(`${path}:`) ? [line.slice(path.length + 1).replace(/: "(.*)": write .*/, ': $1')] : [],
    );

  it.each(withPhrase)('finds a phrase in %s', (where, name, _, found) => {
    expect(foundIn(pathOf(where, name))).toEqual(found);
  });

  it.each(withoutPhrase)('finds no phrase in %s', (where, name) => {
    expect(foundIn(pathOf(where, name))).toEqual([]);
  });

  it('prints what to write instead', () => {
    const path = pathOf('a JSX text', 'a.tsx');
    expect(lines).toContain(`${path}:2: "Nobody": write a member, no member, any client, all members`);
  });

  it('exits with 0 if it finds no phrase', () => {
    const program = resolve(repository, 'scripts/wording.mjs');
    const { status, stdout } = spawnSync(process.execPath, [program, program], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, '']);
  });
});
