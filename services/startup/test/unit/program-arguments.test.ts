import { describe, expect, it } from '@jest/globals';
import { settings } from '../../src/index.js';
import { helpText, parseArguments, type ProgramDescription } from '../../src/program-arguments.js';

const program: ProgramDescription = {
  name: 'rankd',
  command: 'node main.js',
  about: 'A server.',
  schema: settings.object({
    RANKD_PORT: settings.port(2700, 'a port'),
    RANKD_ALLOW_ANONYMOUS: settings.flag(false, 'a flag'),
    RANKD_TOKEN: settings.secret('a token'),
    RANKD_NAME: settings.optionalText('a name'),
  }),
  groups: { Network: ['RANKD_PORT', 'RANKD_LATER'], Others: ['RANKD_ALLOW_ANONYMOUS', 'RANKD_TOKEN', 'RANKD_NAME'] },
  exitCodes: { 0: 'stopped', 78: 'a setting is wrong' },
};
const parse = (...args: string[]): ReturnType<typeof parseArguments> => parseArguments(program, '1.2.3', args);

describe('the arguments of a program', () => {
  it('may be missing: it starts', () => {
    expect(parse()).toEqual({ kind: 'start' });
  });

  it.each(['--version', '-V'])('%s prints the version', argument => {
    expect(parse(argument)).toEqual({ kind: 'print', text: 'rankd 1.2.3' });
  });

  it.each([['--help'], ['-h'], ['--help', '--version']])('%s prints the help', (...args) => {
    expect(parse(...args)).toEqual({ kind: 'print', text: helpText(program) });
  });

  it.each(['foo', '--Help', '-x', '', '--', '--help=1'])('%j is refused with a usage line', argument => {
    expect(parse(argument)).toEqual({
      kind: 'refuse',
      text: `rankd: unknown argument ${JSON.stringify(argument)}: settings are environment variables\nUsage: node main.js [--help | --version]`,
    });
    expect(parse('--help', argument).kind).toBe('refuse');
  });

  it.each(['--port', '--port=2700', '--PROT'])('%s is refused with the variable that is meant', argument => {
    expect(parse(argument)).toMatchObject({
      kind: 'refuse',
      text: expect.stringContaining('did you mean the variable RANKD_PORT?'),
    });
  });

  it('cannot control a terminal', () => {
    expect(JSON.stringify(parse('\x1b[31m'))).not.toContain('\x1b');
  });
});

it('the help has every setting of a group with its default, and the exit codes', () => {
  expect(helpText(program).split('\n\n')).toEqual([
    'Usage: node main.js [--help | --version]',
    'A server.',
    expect.stringContaining('docs/configuration.md'),
    'Network:\n  RANKD_PORT (2700)\n      a port',
    'Others:\n  RANKD_ALLOW_ANONYMOUS (0)\n      a flag\n  RANKD_TOKEN (secret)\n      a token\n  RANKD_NAME (none)\n      a name',
    'Exit codes:\n   0  stopped\n  78  a setting is wrong',
  ]);
});
