import { beforeEach, describe, expect, it } from '@jest/globals';
import { VirtualClock } from '@rankd/testkit';
import { ATTEMPT_LINES_MAX, ConnectionLogger, REASONS_MAX } from '../../src/connection-logger.js';
import { FinalLine } from '../../src/container/final-line.js';
import { RankdError } from '../../src/rankd-error.js';

const ADDRESS = '127.0.0.1:2700';
const refused = new RankdError('CONNECT_FAILED', `${ADDRESS}: connect ECONNREFUSED`);
const advice = 'Check the address, and that the server runs';

interface Line {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

let clock: VirtualClock;
let lines: Line[];
let log: ConnectionLogger;
const write = (fields: Readonly<Record<string, unknown>>, message: string): void =>
  void lines.push({ fields, message });
const logger = { debug: write, info: write, warn: write, error: write };
const messages = (): string[] => lines.map(({ message }) => message);

beforeEach(() => {
  clock = new VirtualClock();
  lines = [];
  log = new ConnectionLogger(logger, {
    nowMs: () => clock.nowMs,
    after: (delayMs, run) => clock.after(delayMs, run),
  });
});

/** Makes `count` attempts that fail, one every `retryInMs`. */
function fail(count: number, retryInMs = 100, error = refused, first = 1): void {
  for (let attempt = first; attempt < first + count; attempt += 1) {
    log.logConnecting({ address: ADDRESS, attempt });
    clock.pass(1);
    log.logDisconnected({ error, retryInMs });
    clock.pass(retryInMs - 1);
  }
}

describe('failed attempts', () => {
  it('have one line each, with what was tried and why it failed, and the advice once', () => {
    fail(3);
    expect(messages()).toEqual(
      [1, 2, 3].map(attempt =>
        expect.stringMatching(
          `^attempt ${attempt}: .*${ADDRESS}: connect ECONNREFUSED.* \\(CONNECT_FAILED\\); reconnecting in 100 ms`,
        ),
      ),
    );
    expect(messages().filter(message => message.toLowerCase().includes(advice.toLowerCase()))).toHaveLength(1);
    expect(lines[1]?.fields).toMatchObject({
      event: 'disconnected',
      code: 'CONNECT_FAILED',
      address: ADDRESS,
      attempt: 2,
    });
  });

  it('have a line each up to ATTEMPT_LINES_MAX, then one after 5 s, 10 s, and at most a minute', () => {
    fail(ATTEMPT_LINES_MAX);
    expect(messages()).toHaveLength(ATTEMPT_LINES_MAX);
    expect(messages().at(-1)).toContain('From now on not every attempt is logged');
    fail(3000, 100, refused, ATTEMPT_LINES_MAX + 1);
    const later = lines.slice(ATTEMPT_LINES_MAX).map(({ fields }) => Number(fields['sinceMs']));
    const distances = later.map((ms, index) => Math.round((ms - (later[index - 1] ?? 400)) / 1000));
    expect(distances).toEqual([5, 10, 20, 40, 60, 60, 60]);
    expect(messages()[ATTEMPT_LINES_MAX]).toMatch(/^attempt \d+ after 5\.\d s: /);
  });

  it('have a line every 5 s while join waits with a time limit, and longer distances after the first seat', () => {
    log = new ConnectionLogger(
      logger,
      { nowMs: () => clock.nowMs, after: (delayMs, run) => clock.after(delayMs, run) },
      60_000,
    );
    const distances = (): number[] => {
      const times = lines.slice(ATTEMPT_LINES_MAX).map(({ fields }) => Number(fields['sinceMs']));
      return times.slice(1).map((ms, index) => Math.round((ms - (times[index] ?? 0)) / 1000));
    };
    fail(500);
    expect(distances()).toEqual(Array(distances().length).fill(5));
    expect(distances().length).toBeGreaterThan(7);
    log.logConnected();
    lines = [];
    fail(500);
    expect(distances()).toEqual([10, 20]);
  });

  it('for another reason have a line at once, with their own advice', () => {
    fail(50);
    const before = lines.length;
    fail(2, 100, new RankdError('FULL', 'group default has 100 members'), 51);
    expect(messages().slice(before)).toEqual([expect.stringContaining('attempt 51')]);
    expect(messages().at(-1)).toContain('(FULL)');
  });

  it('that alternate between servers have a distance too, and so have reasons past REASONS_MAX', () => {
    for (let n = 0; n < 100; n += 1) {
      const error = new RankdError('CONNECT_FAILED', `server-${n % 2}: connect ECONNREFUSED`);
      fail(1, 10, error, n + 1);
    }
    expect(lines).toHaveLength(ATTEMPT_LINES_MAX);
    for (let n = 0; n < 100; n += 1) fail(1, 10, new RankdError('CONNECT_FAILED', `reason ${n}`), n + 101);
    expect(lines).toHaveLength(ATTEMPT_LINES_MAX + REASONS_MAX - 2);
  });

  it('are counted from the start after a seat', () => {
    fail(50);
    log.logConnecting({ address: ADDRESS, attempt: 51 });
    log.logConnected();
    const before = lines.length;
    log.logDisconnected({ error: new RankdError('NOT_CONNECTED', 'the server closed the connection'), retryInMs: 7 });
    fail(2);
    expect(messages().slice(before)).toEqual([
      expect.stringMatching(/the server closed the connection.*\(NOT_CONNECTED\); reconnecting in 7 ms$/),
      expect.stringContaining(advice),
      expect.stringMatching(/^attempt 2: .*reconnecting in 100 ms$/),
    ]);
  });
});

describe('an attempt', () => {
  it('that succeeds has a line before the seat', () => {
    log.logConnecting({ address: ADDRESS, attempt: 1 });
    expect(lines).toEqual([]);
    log.logConnected();
    clock.pass(10_000);
    expect(lines).toEqual([
      { fields: { event: 'connecting', address: ADDRESS, attempt: 1 }, message: `connecting to ${ADDRESS}` },
    ]);
  });

  it('that takes long has a line before it has ended, and one line in all if it then succeeds', () => {
    log.logConnecting({ address: ADDRESS, attempt: 2 });
    clock.pass(499);
    expect(lines).toEqual([]);
    clock.pass(1);
    log.logConnected();
    expect(messages()).toEqual([`connecting to ${ADDRESS}, attempt 2`]);
  });

  it('that is stopped has no line', () => {
    log.logConnecting({ address: ADDRESS, attempt: 1 });
    log.stop();
    clock.pass(10_000);
    expect(lines).toEqual([]);
  });
});

describe('giving up', () => {
  const wrong = new RankdError('UNAUTHORIZED');

  it('has a line with the number of attempts and their time', () => {
    fail(30);
    log.logConnecting({ address: ADDRESS, attempt: 31 });
    log.logDisconnected({ error: wrong, retryInMs: undefined });
    expect(messages().at(-1)).toMatch(/\(UNAUTHORIZED\); gave up after 31 attempts in 3\.0 s$/);
  });

  it('at the first attempt has no number', () => {
    log.logConnecting({ address: ADDRESS, attempt: 1 });
    log.logDisconnected({ error: wrong, retryInMs: undefined });
    expect(messages()).toEqual([expect.stringMatching(/\(UNAUTHORIZED\); not reconnecting$/)]);
  });

  it('is one line of the client container', () => {
    const final = new FinalLine(logger);
    log = new ConnectionLogger(final.logger, { nowMs: () => clock.nowMs, after: (ms, run) => clock.after(ms, run) });
    fail(2);
    log.logConnecting({ address: ADDRESS, attempt: 3 });
    log.logDisconnected({ error: wrong, retryInMs: undefined });
    expect(messages()).toHaveLength(2);
    expect(final.format(wrong)).toMatch(/^stopping: .*\(UNAUTHORIZED\); gave up after 3 attempts in 0\.2 s$/);
  });
});
