import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseSettings, settings, SettingsError, type Environment } from '../../src/index.js';

const schema = settings.object({
  NAME: settings.text('ann', 'a name', '^[a-z]+$'),
  COUNT: settings.whole(7, 'a count', 1, 10),
  WAIT_MS: settings.millis(100, 'a time'),
  PORT: settings.port(80, 'a port'),
  FLAG: settings.flag(false, 'a flag'),
  COLOR: settings.choice(['red', 'green'], 'red', 'a color'),
  NOTE: settings.optionalText('a note'),
  SECRET: settings.secret('a secret', '^[a-z]{3,}$', 'three letters or more'),
});

const defaults = { NAME: 'ann', COUNT: 7, WAIT_MS: 100, PORT: 80, FLAG: false, COLOR: 'red' };

function faultsOf(
  environment: Environment,
  check?: Parameters<typeof parseSettings<typeof schema>>[2],
): readonly string[] {
  try {
    parseSettings(schema, environment, check);
  } catch (error) {
    if (error instanceof SettingsError) return error.faults;
    throw error;
  }
  return [];
}

describe('settings', () => {
  it('have their defaults if no variable is set', () => {
    expect(parseSettings(schema, {})).toEqual(defaults);
  });

  it.each(['', ' ', '\t\n'])('have their defaults if a variable is blank (%p)', blank => {
    const names = Object.keys(schema.properties);
    expect(parseSettings(schema, Object.fromEntries(names.map(name => [name, blank])))).toEqual(defaults);
  });

  it('are parsed by their type', () => {
    const environment = {
      NAME: 'bob',
      COUNT: '3',
      WAIT_MS: '0',
      PORT: '0',
      FLAG: '1',
      COLOR: 'green',
      NOTE: 'hi there',
    };
    expect(parseSettings(schema, environment)).toEqual({
      NAME: 'bob',
      COUNT: 3,
      WAIT_MS: 0,
      PORT: 0,
      FLAG: true,
      COLOR: 'green',
      NOTE: 'hi there',
    });
  });

  it.each([
    ['1', true],
    ['true', true],
    ['0', false],
    ['false', false],
  ])('parse %s as %p', (text, value) => {
    expect(parseSettings(schema, { FLAG: text }).FLAG).toBe(value);
  });

  it('cannot be changed, and have no unknown variables', () => {
    const parsed = parseSettings(schema, { OTHER: 'x' });
    expect(Object.isFrozen(parsed)).toBe(true);
    expect(parsed).not.toHaveProperty('OTHER');
  });
});

describe('faults', () => {
  it('are reported all at once, with the allowed values and the actual one', () => {
    const environment = { NAME: 'A B', COUNT: '11', WAIT_MS: '-1', PORT: '70000', FLAG: 'yes', COLOR: 'blue' };
    expect(faultsOf(environment)).toEqual([
      'NAME must be a name, not "A B"',
      'COUNT must be a whole number from 1 to 10, not 11',
      'WAIT_MS must be a whole number from 0 to 86400000, not -1',
      'PORT must be a whole number from 0 to 65535, not 70000',
      'FLAG must be 1 or 0, not "yes"',
      'COLOR must be one of red, green, not "blue"',
    ]);
  });

  it('are in one message, one a line, with the exit code of an invalid configuration', () => {
    const error = new SettingsError(['first', 'second']);
    expect(error.message).toBe('The configuration is invalid:\n  - first\n  - second');
    expect(error.exitCode).toBe(78);
  });

  it.each(['1.5', '1e1', '0x1', '७', '1_0', 'NaN', 'Infinity', '--1', '+1', '1 ', '9'.repeat(400)])(
    'include %p, which is no count',
    text => {
      expect(faultsOf({ COUNT: text })).toEqual([
        expect.stringMatching(/^COUNT must be a whole number from 1 to 10, not /),
      ]);
    },
  );

  it.each(['constructor', '__proto__', 'toString', 'TRUE', '2'])('include %p, which is no flag', text => {
    expect(faultsOf({ FLAG: text })).toEqual([`FLAG must be 1 or 0, not ${JSON.stringify(text)}`]);
  });

  it('never contain a secret', () => {
    expect(faultsOf({ SECRET: 'S3CRET-VALUE' })).toEqual(['SECRET must be three letters or more']);
  });
});

describe('contradictions', () => {
  const check = ({ COUNT, PORT }: { COUNT: number; PORT: number }): string[] => [
    ...(COUNT > 5 ? [`COUNT must be 5 at most where PORT is ${PORT}`] : []),
    ...(PORT < 1024 ? ['PORT is low'] : []),
  ];

  it('are reported together with the faults of single variables', () => {
    expect(faultsOf({ NAME: '?', PORT: '5000' }, check)).toEqual([
      'NAME must be a name, not "?"',
      'COUNT must be 5 at most where PORT is 5000',
    ]);
  });

  it('are not reported for a variable that has a fault itself', () => {
    expect(faultsOf({ COUNT: 'many' }, check)).toEqual([
      'COUNT must be a whole number from 1 to 10, not "many"',
      'PORT is low',
    ]);
  });

  it('are reported for a variable whose name only begins with that of a faulty one', () => {
    const longer = settings.object({ A: settings.whole(1, 'one'), A_B: settings.whole(1, 'other') });
    const parse = (): unknown => parseSettings(longer, { A: 'x' }, () => ['A_B is wrong']);
    expect(parse).toThrow('A_B is wrong');
  });
});

describe('a secret', () => {
  let directory: string;
  const file = (name: string, content: string): string => {
    const path = join(directory, name);
    writeFileSync(path, content);
    return path;
  };
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'rankd-settings-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('may be in a file that X_FILE names; the line end is removed', () => {
    expect(parseSettings(schema, { SECRET_FILE: file('good', 'abc\n') }).SECRET).toBe('abc');
  });

  it('is in the variable if X_FILE is blank, and in the file if the variable is blank', () => {
    expect(parseSettings(schema, { SECRET: 'abc', SECRET_FILE: ' ' }).SECRET).toBe('abc');
    expect(parseSettings(schema, { SECRET: '', SECRET_FILE: file('other', 'def') }).SECRET).toBe('def');
  });

  it('must not be in both', () => {
    const faults = faultsOf({ SECRET: 'abc', SECRET_FILE: file('both', 'def') });
    expect(faults).toEqual(['SECRET and SECRET_FILE are both set: set only one']);
  });

  it('must be in the file', () => {
    const path = file('empty', ' \n');
    expect(faultsOf({ SECRET_FILE: path })).toEqual([`SECRET_FILE names a file that is empty: ${path}`]);
  });

  it.each(['nowhere', '.'])('must be in a readable file (%s)', name => {
    const path = join(directory, name);
    expect(faultsOf({ SECRET_FILE: path, COUNT: 'x' })).toEqual([
      `SECRET_FILE names a file that cannot be read: ${path}`,
      expect.stringMatching(/^COUNT/),
    ]);
  });

  it('is checked, and not quoted, in a file too', () => {
    expect(faultsOf({ SECRET_FILE: file('bad', 'X1') })).toEqual(['SECRET must be three letters or more']);
  });

  it('is the only kind of setting that may be in a file', () => {
    expect(parseSettings(schema, { NAME_FILE: '/nowhere' }).NAME).toBe('ann');
  });
});
