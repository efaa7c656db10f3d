/** Checks that a value keeps its meaning as JSON. JSON.stringify replaces or drops what JSON cannot express. */

import { types } from 'node:util';
import { type Json, limits } from '@rankd/protocol';
import { RankdError } from '../rankd-error.js';
import { isPlainObject } from './check-argument.js';
import { showValue } from './show-value.js';

/** The frame of the message is the first level (R-FRAME-3). */
const LEVELS_MAX = limits.nestingMax - 1;
const PATH_CHARS_MAX = 100;

/** The place of a value: the objects that contain it, and its path for messages. */
interface Place {
  readonly path: string;
  readonly ancestors: readonly object[];
}

/**
 * Returns the value as a tree of JSON values, with the same text as JSON.stringify: `toJSON` is called, and a field that is undefined is
 * left out. A Date is its text.
 * @param name how messages name the value: `args`
 * @returns undefined if `value` is undefined
 * @throws RankdError BAD_ARGUMENT with the place of the first value that JSON cannot express, that is nested too deeply, or whose key the
 *   server does not accept (R-FRAME-3)
 */
export function toJsonTree(name: string, value: unknown): Json | undefined {
  try {
    return convert('', value, { path: name, ancestors: [] });
  } catch (error) {
    if (error instanceof RankdError) throw error;
    // A getter or a `toJSON` of the application has thrown.
    throw new RankdError('BAD_ARGUMENT', `${name} cannot be encoded as JSON`, { cause: error });
  }
}

function convert(key: string, given: unknown, place: Place): Json | undefined {
  const value = unboxed(applyToJson(key, given));
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw refusal(place, value, 'JSON has only finite numbers');
      return value;
    case 'object':
      return value === null ? null : convertObject(value, place);
    default:
      throw refusal(place, value, 'JSON has strings, finite numbers, true, false, null, lists and objects');
  }
}

function convertObject(value: object, { path, ancestors }: Place): Json {
  const place = { path, ancestors: [...ancestors, value] };
  if (ancestors.includes(value)) throw refusal(place, value, 'it contains itself');
  if (place.ancestors.length > LEVELS_MAX) {
    throw new RankdError('BAD_ARGUMENT', `${shorten(path)} is nested more than ${LEVELS_MAX} levels deep`);
  }
  if (Array.isArray(value)) return convertList(value, place);
  if (losesContent(value)) throw refusal(place, value, 'JSON would not contain its content');
  return convertFields(value as Readonly<Record<string, unknown>>, place);
}

function convertList(list: readonly unknown[], { path, ancestors }: Place): Json {
  // Array.from visits holes too.
  return Array.from(list, (item, index) => {
    const place = { path: `${path}[${index}]`, ancestors };
    const converted = convert(String(index), item, place);
    if (converted === undefined) throw refusal(place, undefined, 'a list cannot leave out an element. Write null');
    return converted;
  });
}

function convertFields(fields: Readonly<Record<string, unknown>>, { path, ancestors }: Place): Json {
  const tree: Record<string, Json> = {};
  for (const key of Object.keys(fields)) {
    const place = { path: `${path}.${key}`, ancestors };
    if (key === '__proto__') throw new RankdError('BAD_ARGUMENT', `${shorten(path)} has a key __proto__`);
    const converted = convert(key, fields[key], place);
    if (converted !== undefined) tree[key] = converted;
  }
  return tree;
}

/** JSON.stringify calls `toJSON` once, with the key. A BigInt has none, but the application may have added one to its prototype. */
function applyToJson(key: string, value: unknown): unknown {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  if (!isObject && typeof value !== 'bigint') return value;
  // The `toJSON` of an invalid date returns null.
  if (types.isDate(value) && Number.isNaN(value.getTime())) return Number.NaN;
  const { toJSON } = value as { readonly toJSON?: unknown };
  return typeof toJSON === 'function' ? (Reflect.apply(toJSON, value, [key]) as unknown) : value;
}

/** `new Number(5)` is 5. */
function unboxed(value: unknown): unknown {
  return types.isBoxedPrimitive(value) ? (value as object).valueOf() : value;
}

/** Whether the object has content that is not in a field. JSON contains only the fields of an object. */
function losesContent(value: object): boolean {
  if (isPlainObject(value)) {
    return Object.getOwnPropertySymbols(value).some(symbol =>
      Object.prototype.propertyIsEnumerable.call(value, symbol),
    );
  }
  return types.isNativeError(value) || types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value) || hasNoField(value);
}

/** A Map, a Set, a Promise, a RegExp, an AbortSignal and the like. */
function hasNoField(value: object): boolean {
  return (
    types.isMap(value) ||
    types.isSet(value) ||
    types.isPromise(value) ||
    types.isRegExp(value) ||
    Object.keys(value).length === 0
  );
}

function refusal({ path }: Pick<Place, 'path'>, value: unknown, why: string): RankdError {
  return new RankdError('BAD_ARGUMENT', `${shorten(path)} is ${showValue(value)}: ${why}`);
}

function shorten(path: string): string {
  return path.length > PATH_CHARS_MAX ? `${path.slice(0, PATH_CHARS_MAX)}…` : path;
}
