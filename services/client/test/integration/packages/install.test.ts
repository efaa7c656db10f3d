import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChildProcess, type LaunchedServer, repository, within } from '@rankd/testkit';
import { DEADLINE_MS, Fleet } from '../fleet.js';

/** A program of a user. It is the same in each language except for how the library is loaded. */
const body = `
  const url = 'rankd://127.0.0.1:' + process.argv[2];
  const ann = await join(url, { group: process.argv[3], name: 'ann' });
  ann.handle('add', async ([a, b]) => a + b);
  const bob = await join(url, { group: process.argv[3], name: 'bob', prepare: bob => bob.handle('add', ([a, b]) => a + b) });
  for await (const { value } of ann.stream('add', [3, 4])) console.log('sum', value);
  const error = await bob.command('add', [1, 2], { to: { ranks: [0] } }).catch(error => error);
  console.log(error instanceof RankdError, error.code);
  await bob.leave();
  await new Promise(resolve => ann.partitions(4, { acquire: partition => partition === 3 && resolve() }));
  console.log('holds 3');
  await ann.leave();`;

const typed = `
  import { join, RankdError, type Membership } from '@rankd/client';
  import { errorCodes, type ErrorCode } from '@rankd/protocol';

  interface Commands {
    add(args: readonly [number, number]): number;
  }
  const url = 'rankd://127.0.0.1:' + process.argv[2];
  const ann: Membership<Commands> = await join<Commands>(url, { group: process.argv[3] ?? 'none', name: 'ann' });
  await using bob = await join<Commands>(url, {
    group: process.argv[3] ?? 'none',
    prepare: bob => bob.handle('add', ([a, b], { signal }) => (signal.aborted ? 0 : a + b)),
  });
  for await (const { value } of ann.stream('add', [3, 4])) console.log('sum', value?.toFixed(0));
  const error: unknown = await bob.command('add', [1, 2], { to: { ranks: [0] } }).catch((error: unknown) => error);
  const code: ErrorCode | undefined = error instanceof RankdError ? error.code : undefined;
  console.log(error instanceof RankdError, code, code !== undefined && errorCodes[code].retry);
  const partitions = ann.partitions(4, { acquire: (partition, { fence }) => void [partition.toFixed(), fence.view] });
  console.log(partitions.count);
  await ann.leave();`;

const wrong = `
  import { join } from '@rankd/client';

  interface Commands {
    add(args: readonly [number, number]): number;
  }
  const me = await join<Commands>('rankd://127.0.0.1:2700');
  me.handle('add', ([a, b]) => \`\${a} and \${b}\`);
  me.partitions(4, { acquire: (partition: string) => partition });`;

const project = mkdtempSync(join(tmpdir(), 'rankd-install-'));
const tarballs = join(project, 'tarballs');
const fleet = new Fleet();
let server: LaunchedServer;

async function run(command: string, args: readonly string[], cwd = project): Promise<ChildProcess> {
  const program = new ChildProcess(command, args, { cwd });
  await within(6 * DEADLINE_MS, `${command} ${args.join(' ')}`, program.exited);
  return program;
}

async function succeeds(command: string, args: readonly string[], cwd?: string): Promise<ChildProcess> {
  const program = await run(command, args, cwd);
  if (program.child.exitCode !== 0) throw new Error(`${command} ${args.join(' ')}:\n${program.output}`);
  return program;
}

/** Runs the compiler with settings that a user may have. */
async function compile(...files: readonly string[]): Promise<ChildProcess> {
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--skipLibCheck'];
  const modules = [
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--lib',
    'es2023,esnext.disposable',
    '--types',
    'node',
  ];
  const types = ['--typeRoots', resolve(repository, 'node_modules/@types')];
  return run(process.execPath, [
    resolve(repository, 'node_modules/typescript/bin/tsc'),
    ...strict,
    ...modules,
    ...types,
    ...files,
  ]);
}

beforeAll(async () => {
  mkdirSync(tarballs);
  // The dependency of the protocol package is packed from the installed one, so that npm fetches nothing. npm may install that
  // dependency inside the protocol package if the root has another version.
  const protocol = resolve(repository, 'services/protocol');
  const typebox =
    [protocol, repository].map(path => join(path, 'node_modules/@sinclair/typebox')).find(existsSync) ?? '';
  const packages = [protocol, 'services/client', typebox];
  for (const path of packages) {
    await succeeds('npm', ['pack', '--ignore-scripts', '--pack-destination', tarballs], resolve(repository, path));
  }
  writeFileSync(join(project, 'package.json'), '{"name":"empty","version":"1.0.0","private":true}');
  const files = readdirSync(tarballs).map(file => join(tarballs, file));
  await succeeds('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', ...files]);
  server = await fleet.server();
});
afterAll(async () => {
  await fleet.dispose();
  rmSync(project, { recursive: true, force: true });
});

/** Returns what a program of the project prints. The program must exit with 0. */
async function lines(file: string): Promise<readonly string[]> {
  return (await succeeds(process.execPath, ['--no-warnings', file, String(server.port), fleet.newGroup()])).lines;
}

describe('the packed library, installed in an empty project', () => {
  const installed = join(project, 'node_modules/@rankd');

  it('installs only the protocol package and its dependencies', () => {
    const names = readdirSync(join(project, 'node_modules')).filter(name => !name.startsWith('.'));
    expect(names.sort()).toEqual(['@rankd', '@sinclair']);
    expect(readdirSync(installed).sort()).toEqual(['client', 'protocol']);
  });

  it.each(['client', 'protocol'])(
    'has the files that %s needs, with its licence and readme, and none of the container',
    name => {
      const root = join(installed, name);
      expect(readFileSync(join(root, 'LICENSE'), 'utf8')).toBe(readFileSync(resolve(repository, 'LICENSE'), 'utf8'));
      expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(`# @rankd/${name}`);
      const files = readdirSync(root, { recursive: true }).map(String);
      expect(files.filter(file => /container|main\.|tsbuildinfo|test/.test(file))).toEqual([]);
      for (const map of files.filter(file => file.endsWith('.js.map'))) {
        const { sources } = JSON.parse(readFileSync(join(root, map), 'utf8')) as { sources: string[] };
        for (const source of sources) expect([map, existsSync(resolve(root, map, '..', source))]).toEqual([map, true]);
      }
    },
  );

  it.each([
    ['an ES module', 'user.mjs', `import { join, RankdError } from '@rankd/client';\n${body}`],
    ['require()', 'user.cjs', `const { join, RankdError } = require('@rankd/client');\n(async () => {${body}})();`],
  ])('works in %s', async (_what, file, source) => {
    writeFileSync(join(project, file), source);
    expect(await lines(file)).toEqual(['sum 7', 'true OUTRANKED', 'holds 3']);
  });

  it('works in TypeScript with strict settings, and a command of another type does not compile', async () => {
    writeFileSync(join(project, 'user.mts'), typed);
    writeFileSync(join(project, 'wrong.mts'), wrong);
    const { output } = await compile('user.mts', 'wrong.mts');
    expect(output.match(/\w+\.mts\(\d+,\d+\): error TS\d+/g)).toEqual([
      expect.stringContaining('wrong.mts(8,'),
      expect.stringContaining('wrong.mts(9,'),
    ]);
    expect(output).toContain("Type 'string' is not assignable to type 'number");
    expect(output).toContain("Type 'number' is not assignable to type 'string'");
    expect(await lines('user.mjs')).toEqual(['sum 7', 'true OUTRANKED false', '4']);
  });
});

it.each(['services/client', 'services/protocol', 'services/cli', 'services/server'])(
  'publint finds no problem in %s',
  async path => {
    const publint = resolve(repository, 'node_modules/publint/src/cli.js');
    const { lines } = await succeeds(process.execPath, [publint, 'run', '--strict', resolve(repository, path)]);
    expect(lines.at(-1)).toContain('All good!');
  },
);
