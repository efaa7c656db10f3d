import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import ts from 'typescript';

/**
 * core/ must not use a clock, randomness, a socket or another folder. Lint rejects some uses, the compiler the others.
 */

jest.setTimeout(60_000);
const core = resolve(__dirname, '../../src/core');

const clean = `
import type { Member } from './roster/member.js';

export function nameOf(member: Member): string {
  return member.name;
}
`;

describe('lint', () => {
  const violations: Record<string, readonly [source: string, rule: string, file?: string]> = {
    'an import of node:net': [`export { connect } from 'node:net';`, 'no-restricted-imports'],
    'an import of a package': [`import { pino } from 'pino';\nexport const log = pino;`, 'no-restricted-imports'],
    'an import of the protocol': [`export { limits } from '@rankd/protocol';`, 'no-restricted-imports'],
    'a type of another folder': [
      `import type { Gateway } from '../gateway/gateway.js';\nexport type G = Gateway;`,
      'no-restricted-imports',
    ],
    'an import of the clock': [`export * from '../clock.js';`, 'no-restricted-imports'],
    'an import of the clock, in a folder of core/': [
      `export * from '../../clock.js';`,
      'no-restricted-imports',
      'roster/roster.ts',
    ],
    'an import of a package, in a folder of core/': [
      `import { pino } from 'pino';\nexport const log = pino;`,
      'no-restricted-imports',
      'roster/roster.ts',
    ],
    'Date.now()': [`export const now = (): number => Date.now();`, 'no-restricted-globals'],
    'new Date()': [`export const now = (): string => new Date().toISOString();`, 'no-restricted-globals'],
    'Math.random()': [`export const pick = (): number => Math.random();`, 'no-restricted-properties'],
    'Math.random by another name': [`export const { random } = Math;`, 'no-restricted-properties'],
    globalThis: [`export const all = (): unknown => globalThis;`, 'no-restricted-globals'],
  };
  let rules: Record<string, string[]>;

  beforeAll(() => {
    const texts = Object.values(violations).map(([text, , file = 'coordinator.ts']) => ({ text: `${text}\n`, file }));
    const sources = [{ text: clean, file: 'coordinator.ts' }, ...texts];
    const output = execFileSync(process.execPath, [resolve(__dirname, 'lint-core.mjs')], {
      input: JSON.stringify(sources),
      encoding: 'utf8',
    });
    const found = JSON.parse(output) as string[][];
    rules = Object.fromEntries(['clean', ...Object.keys(violations)].map((name, index) => [name, found[index] ?? []]));
  });

  it('accepts a clean file', () => {
    expect(rules['clean']).toEqual([]);
  });

  it.each(Object.entries(violations))('rejects %s', (name, [, rule]) => {
    expect(rules[name]).toContain(rule);
  });
});

describe('the compiler', () => {
  const ambient: Record<string, string> = {
    setTimeout: `export const later = (): unknown => setTimeout(() => undefined, 1);`,
    setImmediate: `export const soon = (): unknown => setImmediate(() => undefined);`,
    process: `export const id = (): number => process.pid;`,
    Buffer: `export const bytes = (): unknown => Buffer.alloc(1);`,
    performance: `export const now = (): number => performance.now();`,
    crypto: `export const id = (): string => crypto.randomUUID();`,
    fetch: `export const get = (): unknown => fetch('http://localhost');`,
    console: `export const say = (): void => console.log('x');`,
    require: `export const net = (): unknown => require('node:net');`,
    'node:net': `export { connect } from 'node:net';`,
    'node:net at run time': `export const net = async (): Promise<unknown> => import('node:net');`,
  };
  const rooms: Record<string, string> = {
    'another folder': `export * from '../clock.js';`,
    'another folder by a longer path': `export * from './../clock.js';`,
    'another folder at run time': `export const room = async (): Promise<unknown> => import('../clock.js');`,
  };
  const faults = compileInCore({ clean, ...ambient });

  it('accepts a clean file', () => {
    expect(faults.get('clean')).toBeUndefined();
  });

  it.each(Object.keys(ambient))('rejects %s', name => {
    expect(faults.get(name)).toMatch(/^Cannot find (name|module)/);
  });

  // Each source alone, because an import from another folder adds that folder's types.
  it.each(Object.entries(rooms))('rejects %s', (name, source) => {
    expect([...compileInCore({ [name]: source }).values()].join('\n')).toMatch(
      /is not (under 'rootDir'|listed within)/,
    );
  });
});

/**
 * The compiler's first error for each source, planted in core/ and compiled by its tsconfig. Key `''`: other errors.
 */
function compileInCore(sources: Readonly<Record<string, string>>): Map<string, string> {
  const names = new Map(Object.keys(sources).map((name, index) => [resolve(core, `planted-${index}.ts`), name]));
  const { options, fileNames } = coreConfiguration();
  const host = ts.createCompilerHost(options);
  const sourceAt = (path: string): string | undefined => sources[names.get(path) ?? ''];
  const disk = { readFile: host.readFile.bind(host), fileExists: host.fileExists.bind(host) };
  host.readFile = path => sourceAt(path) ?? disk.readFile(path);
  host.fileExists = path => names.has(path) || disk.fileExists(path);
  host.getSourceFile = (path, version) => {
    const source = host.readFile(path);
    return source === undefined ? undefined : ts.createSourceFile(path, source, version);
  };
  const program = ts.createProgram({ rootNames: [...fileNames, ...names.keys()], options, host });
  const faults = new Map<string, string>();
  for (const { file, messageText } of [...ts.getPreEmitDiagnostics(program)].reverse()) {
    faults.set(names.get(file?.fileName ?? '') ?? '', ts.flattenDiagnosticMessageText(messageText, '\n'));
  }
  return faults;
}

function coreConfiguration(): ts.ParsedCommandLine {
  const path = resolve(core, 'tsconfig.json');
  const fail = (diagnostic: ts.Diagnostic): never => {
    throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
  };
  const parsed = ts.getParsedCommandLineOfConfigFile(
    path,
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: fail },
  );
  if (parsed === undefined) throw new Error(`${path} cannot be read`);
  return parsed;
}
