import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { toJsonTree } from '../../../src/arguments/json-tree.js';
import { RankdError } from '../../../src/rankd-error.js';

class Point {
  readonly x = 1;
  readonly y = undefined;
}
class Hidden {
  readonly #content = 1;
  get content(): number {
    return this.#content;
  }
}
class Temperature {
  readonly degrees = Number.NaN;
  toJSON(): string {
    return 'cold';
  }
}

function nested(levels: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { inner: value };
  return value;
}

function messageOf(value: unknown): string {
  try {
    toJsonTree('args', value);
  } catch (error) {
    if (error instanceof RankdError && error.code === 'BAD_ARGUMENT') return error.message;
    throw error;
  }
  return 'accepted';
}

/** Places of a value within a payload, and the path by which messages name them. */
const places: readonly [string, (value: unknown) => unknown][] = [
  ['args', value => value],
  ['args.field', value => ({ field: value })],
  ['args[1]', value => [0, value]],
  ['args.deep[0].er', value => ({ deep: [{ er: value }] })],
  ['args.inner', value => ({ toJSON: () => ({ inner: value }) })],
];

const cyclic: Record<string, unknown> = {};
cyclic['self'] = cyclic;

describe.each(places)('a value at %s', (path, wrap) => {
  it.each<[string, unknown]>([
    ['a function', () => 1],
    ['a class', Point],
    ['a symbol', Symbol('s')],
    ['a field with a symbol as its key', { [Symbol('s')]: 1 }],
    ['a BigInt', 1n],
    ['a BigInt object', Object(1n)],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['a Number object that is NaN', Object(Number.NaN)],
    ['an invalid Date', new Date(Number.NaN)],
    ['a Map', new Map([['a', 1]])],
    ['an empty Map', new Map()],
    ['a Set', new Set([1])],
    ['a WeakMap', new WeakMap()],
    ['a Promise', Promise.resolve(1)],
    ['an Error', Object.assign(new Error('e'), { code: 'E' })],
    ['a RegExp', /x/],
    ['a Uint8Array', new Uint8Array([1])],
    ['an ArrayBuffer', new ArrayBuffer(1)],
    ['an iterator', [1].values()],
    ['a generator', (function* () {})()],
    ['an AbortSignal', new AbortController().signal],
    ['an object of a class without a field', new Hidden()],
    ['a Map of another realm', runInNewContext('new Map()')],
    ['a list with undefined', [undefined]],
    ['a list with a hole', Array(1)],
    ['an object that contains itself', cyclic],
    ['a toJSON that returns a function', { toJSON: () => () => 1 }],
    ['a key __proto__', { ['__proto__']: 1 }],
  ])('is BAD_ARGUMENT with its place if it is %s', (_what, value) => {
    expect(messageOf(wrap(value))).toContain(path);
  });

  it.each<[string, unknown]>([
    ['a string', 'text'],
    ['a number', -0.5],
    ['true', true],
    ['null', null],
    ['an empty list', []],
    ['an empty object', {}],
    ['an object without a prototype', Object.assign(Object.create(null) as object, { a: 1 })],
    ['an object of another realm', runInNewContext('({ a: [1] })')],
    ['a Date', new Date(0)],
    ['a URL', new URL('http://localhost/')],
    ['a Buffer', Buffer.from('a')],
    ['an object of a class', new Point()],
    ['an object with toJSON', new Temperature()],
    ['a Number object', Object(5)],
    ['a String object', Object('text')],
    ['fields that are undefined', { a: undefined, b: 1 }],
    ['the same object twice', [places, places].map(() => cyclic['none'] ?? 1)],
    ['a toJSON that is not a function', { toJSON: 5 }],
    ['keys that are numbers', { 2: 'b', 1: 'a' }],
  ])('has the text of JSON.stringify if it is %s', (_what, value) => {
    const wrapped = wrap(value);
    expect(JSON.stringify(toJsonTree('args', wrapped))).toBe(JSON.stringify(wrapped));
  });
});

describe('a payload', () => {
  it('may contain one object several times', () => {
    const shared = { a: 1 };
    expect(toJsonTree('args', { list: [shared, shared], again: shared })).toEqual({
      list: [{ a: 1 }, { a: 1 }],
      again: { a: 1 },
    });
  });

  it('is undefined if it is undefined, or if its toJSON returns undefined', () => {
    expect(toJsonTree('args', undefined)).toBeUndefined();
    expect(toJsonTree('args', { toJSON: () => undefined })).toBeUndefined();
  });

  it('R-FRAME-3 has at most 31 levels: the frame is the first of 32', () => {
    expect(messageOf(nested(31))).toBe('accepted');
    expect(messageOf(nested(32))).toContain('nested more than 31 levels deep');
  });

  it('calls toJSON and getters once, and passes the key', () => {
    const keys: string[] = [];
    const value = {
      toJSON(key: string): number {
        keys.push(key);
        return 1;
      },
    };
    expect(toJsonTree('args', { a: value, b: [value] })).toEqual({ a: 1, b: [1] });
    expect(keys).toEqual(['a', '0']);
  });

  it('is BAD_ARGUMENT with the cause if a getter or a toJSON throws', () => {
    const boom = new Error('boom');
    const throwing = {
      get field(): never {
        throw boom;
      },
    };
    expect(() => toJsonTree('value', throwing)).toThrow(
      expect.objectContaining({ code: 'BAD_ARGUMENT', cause: boom, message: expect.stringContaining('value') }),
    );
  });

  it('is named by a short text, however long its keys are', () => {
    expect(messageOf({ ['k'.repeat(10_000)]: Number.NaN }).length).toBeLessThan(400);
  });
});
