import { describe, expect, it } from '@jest/globals';
import { parseSettings, settings, SettingsError, type Environment } from '../../../src/index.js';

const schema = settings.object({
  NAME: settings.text('ann', 'a name'),
  COUNT: settings.whole(7, 'a count', 1, 10),
  WAIT_MS: settings.millis(100, 'a time'),
  RANKD_PORT: settings.port(2700, 'a port'),
  RANKD_HTTP_PORT: settings.port(9464, 'a port'),
  FLAG: settings.flag(false, 'a flag'),
  COLOR: settings.choice(['red', 'green'], 'red', 'a color'),
  NOTE: settings.optionalText('a note'),
  SECRET: settings.secret('a secret'),
});

function faultsOf(environment: Environment): readonly string[] {
  try {
    parseSettings(schema, environment);
  } catch (error) {
    if (error instanceof SettingsError) return error.faults;
    throw error;
  }
  return [];
}

/** One allowed value of each kind. */
const allowed = {
  NAME: 'bob',
  COUNT: '3',
  WAIT_MS: '5',
  RANKD_PORT: '1',
  FLAG: '1',
  COLOR: 'green',
  NOTE: 'x',
  SECRET: 's',
};
const kinds = Object.entries(allowed);

describe('a value of each kind', () => {
  it.each(kinds)('%s has no fault as it is', (name, value) => {
    expect(faultsOf({ [name]: value })).toEqual([]);
  });

  it.each(kinds)('%s must not end with a carriage return', (name, value) => {
    const begins = new RegExp(`^${name} ends with a carriage return \\(\\\\r\\).* Windows line ends`);
    expect(faultsOf({ [name]: `${value}\r` })).toEqual([expect.stringMatching(begins)]);
    expect(faultsOf({ [name]: `${value}\r\n` })).toEqual([expect.stringMatching(begins)]);
  });

  it.each(kinds)('%s must not end with a line end', (name, value) => {
    expect(faultsOf({ [name]: `${value}\n` })).toEqual([expect.stringContaining(`${name} ends with a line end (\\n)`)]);
  });

  it.each(kinds)('%s must not begin with a byte order mark', (name, value) => {
    expect(faultsOf({ [name]: `\uFEFF${value}` })).toEqual([
      expect.stringContaining(`${name} begins with a byte order mark`),
    ]);
  });

  it.each(kinds.flatMap(([name, value]) => ['"', "'", '`'].map(quote => [name, `${quote}${value}${quote}`] as const)))(
    '%s must not be in quotes: %s',
    (name, value) => {
      expect(faultsOf({ [name]: value })).toEqual([expect.stringContaining(`${name} has quotes around its value`)]);
    },
  );

  it('is quoted in the fault, and a secret is not', () => {
    expect(faultsOf({ COUNT: '3\r' }).join()).toContain(String.raw`"3\r"`);
    for (const value of ['S3CRET\r', '"S3CRET"', '\uFEFFS3CRET', 'S3CRET\n', 'S3CRET ', 'S3CRET\nx']) {
      expect(faultsOf({ SECRET: value })).toHaveLength(1);
      expect(faultsOf({ SECRET: value }).join()).not.toContain('S3CRET');
    }
  });
});

it('a text must not begin or end with white space', () => {
  expect(faultsOf({ NAME: 'ann ' })).toEqual([expect.stringContaining('NAME begins or ends with white space: "ann "')]);
  expect(faultsOf({ SECRET: ' s' })).toEqual([expect.stringContaining('SECRET begins or ends with white space')]);
  expect(parseSettings(schema, { NAME: 'ann b' }).NAME).toBe('ann b');
});

it.each(['a"b', '"a', 'a"', `'a'='b'`, `"a'`])('quotes inside a text are part of it: %s', text => {
  expect(parseSettings(schema, { NOTE: text }).NOTE).toBe(text);
});

it('a secret is one line', () => {
  expect(faultsOf({ SECRET: 'a\nb' })).toEqual(['SECRET has several lines: a secret is one line']);
});

it('a carriage return alone counts as blank', () => {
  expect(parseSettings(schema, { COUNT: '\r', SECRET: '\r' })).toMatchObject({ COUNT: 7 });
});

describe('a port', () => {
  it.each([
    ['RANKD_PORT', 'tcp://10.0.0.1:2700', 'rankd'],
    ['RANKD_HTTP_PORT', 'tcp://[fd00::1]:9464', 'rankd-http'],
    ['RANKD_PORT', 'udp://10.0.0.1:53', 'rankd'],
  ])('%s=%s is the service link of %s', (variable, value, service) => {
    const [fault = '', ...others] = faultsOf({ [variable]: value });
    expect(others).toEqual([]);
    expect(fault).toContain(`${variable} is "${value}", the address of a Kubernetes service`);
    expect(fault).toContain(`the service named ${service} (service links): set enableServiceLinks: false`);
  });

  it('that is another text is only no number', () => {
    expect(faultsOf({ RANKD_PORT: 'http://x' })).toEqual([
      'RANKD_PORT must be a whole number from 0 to 65535, not "http://x"',
    ]);
  });
});
