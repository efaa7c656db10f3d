import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, it } from '@jest/globals';

/** Returns the output of a logger in a process of its own, because the logger writes to standard output directly. */
function logged(settings: object, env: Readonly<Record<string, string>> = {}): string {
  const built = resolve(__dirname, '../../dist/index.js');
  const program = `
    import { createLogger } from ${JSON.stringify(built)};
    const logger = createLogger(${JSON.stringify(settings)});
    logger.debug({ event: 'quiet' }, 'not heard');
    logger.info({ event: 'hello', rank: 3 }, 'ann has rank 3');
    logger.warn({ event: 'last' }, 'the last words');
    process.exit(0);`;
  const environment = { PATH: process.env['PATH'] ?? '', ...env };
  return execFileSync(process.execPath, ['--input-type=module', '-e', program], { env: environment, encoding: 'utf8' });
}

it('the logger writes one line of JSON for each event, with its name, its message and an ISO time, including the last one', () => {
  const lines = logged({ LOG_LEVEL: 'info', LOG_FORMAT: 'json' }).trimEnd().split('\n');
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as unknown;
  expect(lines.map(line => JSON.parse(line) as unknown)).toEqual([
    { level: 30, time, event: 'hello', rank: 3, msg: 'ann has rank 3' },
    { level: 40, time, event: 'last', msg: 'the last words' },
  ]);
});

it('the logger writes only the message in the pretty format, without colors', () => {
  const lines = logged({ LOG_LEVEL: 'info', LOG_FORMAT: 'pretty' }).trimEnd().split('\n');
  expect(lines).toEqual([
    expect.stringMatching(/^\[\d\d:\d\d:\d\d\.\d+\] INFO: ann has rank 3$/),
    expect.stringMatching(/ WARN: the last words$/),
  ]);
});

it('the pretty format has colors only if they are requested and not disabled', () => {
  const settings = { LOG_LEVEL: 'info', LOG_FORMAT: 'pretty' };
  expect(logged(settings, { FORCE_COLOR: '1' })).toContain('\x1b[');
  expect(logged(settings, { FORCE_COLOR: '1', NO_COLOR: '1' })).not.toContain('\x1b[');
});

it('the logger is silent if that is requested', () => {
  expect(logged({ LOG_LEVEL: 'silent', LOG_FORMAT: 'json' })).toBe('');
});
