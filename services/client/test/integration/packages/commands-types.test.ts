import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { repository } from '@rankd/testkit';
import ts from 'typescript';

jest.setTimeout(60_000);

const FLEET = `{
  reload(args: { version: number }): string;
  ping(): void;
  add(args: readonly [number, number]): Promise<number>;
  note(args?: string): null;
}`;
/** The start of each source: the same commands as an interface and as a type. */
const kinds = { interface: `interface Fleet ${FLEET}`, type: `type Fleet = ${FLEET};` } as const;

const right: Readonly<Record<string, string>> = {
  'a handler with its args and its value': `me.handle('reload', ({ version }) => String(version.toFixed()));`,
  'a handler that returns a promise': `me.handle('reload', async ({ version }) => String(version));`,
  'a handler without a promise, of a command that returns one': `me.handle('add', ([a, b]) => a + b);`,
  'a handler that reads its context': `me.handle('ping', (_, { from, seq, signal }) => { from.rank; seq; signal.aborted; });`,
  'a handler that needs no args': `me.handle('reload', () => 'done');`,
  'a command with its args': `await me.command('reload', { version: 1 });`,
  'a command with its args and options': `await me.command('reload', { version: 1 }, { to: 'all', deadlineMs: 9 });`,
  'a command without args': `await me.command('ping'); await me.command('ping', undefined, { to: 'all' });`,
  'a command with optional args': `await me.command('note'); await me.command('note', 'x');`,
  'results of the type of the command': `for await (const { value } of me.stream('add', [1, 2])) { const sum: number | undefined = value; sum; }`,
  'a sheet with results of the type of the command': `const { results } = await me.command('add', [1, 2], { reply: 'each' }); const sums: (number | undefined)[] = results.map(({ value }) => value); sums;`,
};

const wrong: Readonly<Record<string, readonly [source: string, complaint: RegExp]>> = {
  'a handler with args of another type': [
    `me.handle('reload', (version: number) => String(version));`,
    /'\(version: number\) => string' is not assignable/,
  ],
  'a handler that reads a field that does not exist': [
    `me.handle('reload', ({ wat }) => wat);`,
    /'wat' does not exist/,
  ],
  'a handler that returns another type': [
    `me.handle('reload', ({ version }) => version);`,
    /'number' is not assignable to type 'string/,
  ],
  'a handler that returns a promise of another type': [
    `me.handle('reload', async () => 1);`,
    /Promise<number>' is not assignable/,
  ],
  'a handler of a command that is not declared': [
    `me.handle('relaod', () => 'x');`,
    /'"relaod"' is not assignable to parameter/,
  ],
  'a command that is not declared': [`await me.command('relaod');`, /'"relaod"' is not assignable to parameter/],
  'a command with other args': [
    `await me.command('reload', { version: 'one' });`,
    /'string' is not assignable to type 'number'/,
  ],
  'a command without its required args': [`await me.command('reload');`, /Expected 2-3 arguments, but got 1/],
  'a stream with other args': [
    `me.stream('add', [1]);`,
    /'\[number\]' is not assignable to .*'readonly \[number, number\]'/,
  ],
  'results of another type': [
    `for await (const { value } of me.stream('add', [1, 2])) { const sum: string | undefined = value; sum; }`,
    /'number \| undefined' is not assignable to type 'string/,
  ],
};

const untyped: Readonly<Record<string, string>> = {
  'any command': `await me.command('anything', { a: [1] }); await me.command('anything'); me.stream('x', 1, { to: 'all' });`,
  'any handler': `me.handle('anything', (a: string) => a.length); me.handle('x', () => null);`,
  'a value of unknown type': `for await (const { value } of me.stream('x')) if (typeof value === 'number') value.toFixed();`,
};

const directory = mkdtempSync(join(tmpdir(), 'rankd-types-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const files = new Map<string, string>();

function write(title: string, source: string): void {
  const path = join(directory, `source-${files.size}.ts`);
  writeFileSync(path, source);
  files.set(title, path);
}

function sourceOf(body: string, fleet: string): string {
  const joined = fleet === '' ? 'join' : 'join<Fleet>';
  return `import { join } from '@rankd/client';\n${fleet}\nconst me = await ${joined}('rankd://x');\n${body}\n`;
}

/** Compiles all sources in one run, because reading the library's types takes most of the time. */
function compile(): ReadonlyMap<string, readonly string[]> {
  const program = ts.createProgram([...files.values()], {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    moduleDetection: ts.ModuleDetectionKind.Force,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    exactOptionalPropertyTypes: true,
    types: ['node'],
    typeRoots: [join(repository, 'node_modules/@types')],
    paths: {
      '@rankd/client': [join(repository, 'services/client/src/index.ts')],
      '@rankd/protocol': [join(repository, 'services/protocol/src/index.ts')],
    },
  });
  return new Map(
    [...files].map(([title, path]) => {
      const file = program.getSourceFile(path);
      const diagnostics = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
      return [title, diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))];
    }),
  );
}

let complaints: ReadonlyMap<string, readonly string[]>;
beforeAll(() => {
  // A directory without a package.json is CommonJS, in which a module must not use `await` at the top level.
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  for (const [kind, fleet] of Object.entries(kinds)) {
    for (const [title, body] of Object.entries(right)) write(`${kind}: ${title}`, sourceOf(body, fleet));
    for (const [title, [body]] of Object.entries(wrong)) write(`${kind}: ${title}`, sourceOf(body, fleet));
  }
  for (const [title, body] of Object.entries(untyped)) write(`untyped: ${title}`, sourceOf(body, ''));
  complaints = compile();
});

describe.each(Object.keys(kinds))('commands that are declared as an %s', kind => {
  it.each(Object.keys(right))('compiles %s', title => {
    expect(complaints.get(`${kind}: ${title}`)).toEqual([]);
  });

  it.each(Object.entries(wrong))('does not compile %s', (title, [, complaint]) => {
    expect(complaints.get(`${kind}: ${title}`)).toEqual([expect.stringMatching(complaint)]);
  });
});

describe('commands that are not declared', () => {
  it.each(Object.keys(untyped))('compiles %s', title => {
    expect(complaints.get(`untyped: ${title}`)).toEqual([]);
  });
});
