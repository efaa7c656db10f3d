import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import type { Membership } from '@rankd/client';
import { InProcessFleet } from '@rankd/testkit/in-process';
import { observeWith } from '../../../src/observer/observe.js';
import { badArgument, joinUntyped, startWithTokens, timedIt } from './fixture.js';

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let port: number;
let ann: Membership;

beforeAll(async () => {
  ({ port, ann } = await startWithTokens(fleet));
});
afterAll(() => fleet.dispose());

const url = (): string => `rankd://127.0.0.1:${port}`;

async function join(urls: unknown, options?: unknown): Promise<Membership> {
  return await joinUntyped(fleet, port, urls, options);
}

describe('the URL of join', () => {
  it.each<[string, () => unknown, string]>([
    ['no URL', () => undefined, 'the URL is undefined'],
    ['null', () => null, 'the URL is null'],
    ['a number', () => 2700, 'the URL is 2700'],
    ['an empty text', () => '', 'the URL is empty'],
    ['an empty list', () => [], 'the URL is empty'],
    ['a list with a number', () => [url(), 5], 'the URL is 5'],
    ['an object', () => ({ host: 'localhost' }), 'the URL is {"host":"localhost"}'],
    ['no scheme', () => 'localhost:2700', 'is not of the form rankd://host:port'],
    ['only a host', () => 'localhost', 'is not of the form'],
    ['another scheme', () => new URL('http://localhost:2700'), 'is not of the form'],
    ['a path', () => 'rankd://localhost:2700/blue', 'has a path'],
    ['a user', () => 'rankd://ann@localhost', 'has a user or a password'],
    ['a password', () => 'rankd://:geheim@localhost', 'has a user or a password'],
    ['a query', () => 'rankd://localhost?group=blue', 'has a query'],
    ['a fragment', () => 'rankd://localhost#blue', 'has a fragment'],
    ['port 0', () => 'rankd://localhost:0', 'has port 0'],
    ['one of several that is wrong', () => [url(), new URL('rankd://localhost:0')], 'has port 0'],
  ])('is BAD_ARGUMENT: %s', async (_what, urls, text) => {
    const joining = join(urls(), { token: 'open' });
    await expect(joining).rejects.toMatchObject(badArgument(text));
    await expect(joining).rejects.toMatchObject({ message: expect.not.stringContaining('geheim') });
  });

  it.each<[string, () => unknown]>([
    ['a URL object', () => new URL(url())],
    ['a list of texts and URL objects', () => [new URL(url()), url()]],
    ['a text with several', () => `${url()}, ${url()}/`],
  ])('may be %s', async (_what, urls) => {
    const member = await join(urls(), { token: 'open', group: fleet.newGroup() });
    expect(member.rank).toBe(0);
    await member.leave();
  });
});

describe('an option', () => {
  it.each<[string, unknown, string]>([
    ['joinWithinMs', Number.NaN, 'joinWithinMs is NaN, it must be a number of ms, 0 or more, or Infinity'],
    ['joinWithinMs', -1, 'joinWithinMs is -1'],
    ['joinWithinMs', '2000', 'joinWithinMs is "2000"'],
    ['joinWithinMs', null, 'joinWithinMs is null'],
    ['joinWithinMs', 5n, 'joinWithinMs is 5n'],
    ['joinWithinMs', Number.NEGATIVE_INFINITY, 'joinWithinMs is -Infinity'],
    ['group', 'two words', 'group is "two words", it must be a string of 1 to 64 of A-Z'],
    ['group', '', 'group is ""'],
    ['group', 7, 'group is 7'],
    ['name', 'two words', 'name is "two words"'],
    ['name', 'x'.repeat(65), 'it must be a string of 1 to 64 visible characters'],
    ['name', null, 'name is null'],
    ['tags', { zone: 5 }, 'tags is {"zone":5}'],
    ['tags', { zone: undefined }, 'tags is'],
    ['tags', new Map([['zone', 'a']]), 'tags is an object of the class Map'],
    ['tags', ['zone'], 'tags is ["zone"]'],
    ['tags', { ['__proto__']: 'a' }, 'tags is'],
    ['tags', Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`t${n}`, ''])), 'it must be at most 16 tags'],
    ['token', 12345678, 'token is of the type number'],
    ['token', 'geheim'.repeat(50), 'token is of the type string, it must be a string of 1 to 256 characters'],
    ['tls', 'geheim', 'tls is of the type string'],
    ['tls', { ca: 5 }, 'tls is of the type object, it must be an object with ca, cert and key'],
    ['tls', { passphrase: 'geheim' }, 'tls is of the type object'],
    ['dial', 'tcp', 'dial is "tcp", it must be a function'],
    ['updates', 'all', 'updates is "all", it must be one of rank, size, roster'],
    ['logger', console.log, 'logger is a function, it must be an object with the methods debug, info, warn and error'],
    ['logger', { info: () => undefined }, 'logger is'],
    ['signal', 'stop', 'signal is "stop", it must be an AbortSignal'],
    ['signal', new AbortController(), 'signal is an object of the class AbortController'],
    ['prepare', {}, 'prepare is {}, it must be a function'],
    ['joinwithinMs', 5, 'join has no option "joinwithinMs", its options are group, name, tags'],
    ['retries', undefined, 'join has no option "retries"'],
    ['constructor', 5, 'join has no option "constructor"'],
  ])('%s of join is BAD_ARGUMENT: %p', async (name, value, text) => {
    const joining = join(url(), { [name]: value });
    await expect(joining).rejects.toMatchObject(badArgument(text));
    await expect(joining).rejects.toMatchObject({ message: expect.not.stringContaining('geheim') });
  });

  it.each<[string, unknown]>([
    ['a text', 'blue'],
    ['null', null],
    ['a list', [{ group: 'blue' }]],
    ['a function', () => undefined],
    ['a signal', new AbortController().signal],
    ['a Map', new Map([['group', 'blue']])],
  ])('is in an object: %s in its place is BAD_ARGUMENT', async (_what, options) => {
    await expect(join(url(), options)).rejects.toMatchObject(badArgument('the argument with the options of join is'));
    const untilRank = ann.untilRank(0, options as object);
    await expect(untilRank).rejects.toMatchObject(badArgument('the options of untilRank'));
  });

  it.each<[string, unknown, string]>([
    ['group', 'two words', 'group is "two words"'],
    ['token', 5, 'token is of the type number'],
    ['tls', 5, 'tls is'],
    ['signal', 5, 'signal is 5'],
    ['name', 'ann', 'observe has no option "name"'],
  ])('%s of observe is BAD_ARGUMENT: %p', async (name, value, text) => {
    const { environment } = fleet.process(port);
    await expect(observeWith(environment, url(), { [name]: value })).rejects.toMatchObject(badArgument(text));
    await expect(observeWith(environment, undefined as unknown as string)).rejects.toMatchObject(
      badArgument('the URL'),
    );
  });

  it('may be undefined, and joinWithinMs may be Infinity', async () => {
    const options = { group: fleet.newGroup(), name: undefined, signal: undefined, joinWithinMs: Infinity };
    const member = await join(url(), { ...options, token: 'open', tags: Object.create(null) as object });
    expect(member.rank).toBe(0);
    await member.leave();
  });
});
