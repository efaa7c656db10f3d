import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { repository } from '@rankd/testkit';
import { isSafe } from 'redos-detector';
import * as ts from 'typescript';

const folders = [...servicesWith('src'), 'scripts', 'examples'];

/** Expressions that the checker rejects although they are linear, with the reason. */
const reviewed: Readonly<Record<string, string>> = {
  'services/testkit/src/load/fuzz-mutations.ts':
    "reads the fuzzer's own recorded sessions, and each of its parts ends at the next quote",
  'scripts/lib/wording/markdown-prose.mjs':
    'reads a paragraph of this repository in a check, and each part ends at the next mark',
};

/** Expressions that are composed at run time, with the test that checks them. */
const dynamic: Readonly<Record<string, string>> = {
  'services/protocol/src/frames/parse-usual-message.ts': 'protocol/test/unit/linear-time.test.ts',
  'services/cli/src/output/json-output.ts': 'searches for a random mark and digits, which rankctl has written itself',
  'scripts/lib/docs/generated-block.mjs': 'reads a page of docs/ while it is written',
  'scripts/lib/wording/phrases.mjs': 'reads files of this repository in a check',
};

interface Found {
  readonly path: string;
  readonly source: string;
  readonly flags: string;
}

const literals = folders.flatMap(expressionsIn);

describe('a regular expression takes time linear in its text', () => {
  it('is searched for in every folder with code', () => {
    expect(literals.length).toBeGreaterThan(50);
    expect(literals.map(({ path }) => path)).toContain('services/protocol/src/schemas/field-schemas.ts');
  });

  it.each(byPath(literals))('%s', (path, found) => {
    const unsafe = found.filter(({ source, flags }) => !isLinear(source, flags)).map(({ source }) => source);
    expect(unsafe).toEqual(path in reviewed ? unsafe.slice(0, 1) : []);
  });

  it('is a literal, or listed in this file', () => {
    const constructed = folders.flatMap(folder => sourceFiles(folder)).filter(path => constructs(path));
    expect(constructed.sort()).toEqual(Object.keys(dynamic).sort());
  });

  it.each([
    ['an earlier pattern of a tag key', '^(?:[\\uD800-\\uDBFF][\\uDC00-\\uDFFF]|[^]){1,64}$', ''],
    ['trailing slashes', '\\/+$', ''],
    ['a user in a URL', '^redis:\\/\\/(?:(.*)@)?([^/]+)(\\/.*)$', ''],
  ])('is rejected otherwise: %s', (_, source, flags) => expect(isLinear(source, flags)).toBe(false));
});

function isLinear(source: string, flags: string): boolean {
  // `y` and `g` change where a search starts. They do not change how long it takes.
  return isSafe(new RegExp(source, flags.replaceAll(/[yg]/g, '')), { timeout: 20_000 }).safe;
}

/** Returns the regular expression literals, and the strings of the form `^…$`: the patterns of schemas. */
function expressionsIn(folder: string): readonly Found[] {
  return sourceFiles(folder).flatMap(path => {
    const found: Found[] = [];
    visit(parse(path), node => {
      if (node.kind === ts.SyntaxKind.RegularExpressionLiteral) {
        const [, source = '', flags = ''] = /^\/([^]*)\/([a-z]*)$/.exec(node.getText()) ?? [];
        found.push({ path, source, flags });
      } else if (ts.isStringLiteralLike(node) && node.text.startsWith('^') && !node.text.includes('%')) {
        found.push({ path, source: node.text, flags: '' });
      }
    });
    return found;
  });
}

function constructs(path: string): boolean {
  let is = false;
  visit(parse(path), node => {
    if (ts.isNewExpression(node) && node.expression.getText() === 'RegExp') is = true;
  });
  return is;
}

function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(join(repository, path), 'utf8'), ts.ScriptTarget.Latest, true);
}

function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, child => visit(child, look));
}

function byPath(found: readonly Found[]): [string, readonly Found[]][] {
  const paths = [...new Set(found.map(({ path }) => path))];
  return paths.map(path => [path, found.filter(each => each.path === path)]);
}

function sourceFiles(folder: string): readonly string[] {
  const names = readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' });
  return names.filter(name => /\.(ts|tsx|mjs|js)$/.test(name)).map(name => join(folder, name));
}

function servicesWith(folder: string): readonly string[] {
  return readdirSync(join(repository, 'services')).map(service => join('services', service, folder));
}
