import { describe, expect, it } from '@jest/globals';
import { timeGrowth, worstTexts } from '@rankd/testkit';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import type { TSchema } from '@sinclair/typebox';
import { adminSchemas, clientMessageSchemas } from '../../src/schemas/client-messages.js';
import { encodeFrame } from '../../src/frames/encode-frame.js';
import { limits } from '../../src/limits.js';
import { readMessage } from '../../src/frames/read-message.js';
import { serverMessageSchemas } from '../../src/schemas/server-messages.js';

/** Ten times the text may take ten times as long. The rest is for a busy machine. */
const GROWTH_MAX = 30;

/** Each schema of a string or of a record's key, once for all fields that share it. */
const checks = new Map<string, TSchema>();
for (const schemas of [clientMessageSchemas, adminSchemas, serverMessageSchemas]) {
  for (const schema of Object.values<TSchema>(schemas)) gather(schema);
}

describe('R-FRAME-4 a field is checked in time linear in its text', () => {
  it('collects the schemas of text fields of both directions', () => {
    const described = [...checks.values()].map(({ description }) => description);
    expect(described).toContain('a string of 1 to 64 visible characters, without spaces');
    expect(described).toContain('a string of 1 to 256 characters');
    expect(described.some(text => text?.includes('tags'))).toBe(true);
  });

  it('detects a key with a pattern that can read a pair in two ways', () => {
    const pattern = /^(?:[\uD800-\uDBFF][\uDC00-\uDFFF]|[^]){1,64}$/;
    const check = (size: number): void => void pattern.test('\u{1f600}'.repeat(size));
    expect(() => timeGrowth(check, limits.wordCharsMax, 10)).toThrow('one call of size 640 takes longer than 2000 ms');
  });

  it.each([...checks.values()].map(schema => [schema.description ?? JSON.stringify(schema), schema] as const))(
    '%s',
    (_, schema) => {
      const check = TypeCompiler.Compile(schema);
      for (const { name, make } of worstTexts()) {
        const valuesOf = memoized(size => valuesWith(schema, make(size)));
        const work = (size: number): void => valuesOf(size).forEach(value => void check.Check(value));
        expect({ name, isLinear: timeGrowth(work, limits.wordCharsMax, 10) < GROWTH_MAX }).toEqual({
          name,
          isLinear: true,
        });
      }
    },
  );
});

describe('R-FRAME-4 a frame is read in time linear in its length, accepted or not', () => {
  const frames: Readonly<Record<string, (text: string) => string>> = {
    'a tag key in hello': text => encodeFrame({ type: 'hello', tags: { [text]: '' } }),
    'a tag key in a target': text => encodeFrame({ type: 'command', id: '1', name: 'x', to: { tags: { [text]: '' } } }),
    'a name': text => encodeFrame({ type: 'hello', name: text }),
    'an id of a command': text => encodeFrame({ type: 'command', id: text, name: 'x' }),
    'args of a command': text => encodeFrame({ type: 'command', id: '1', name: 'x', args: text }),
    'args before another field': text => `{"type":"command","args":${JSON.stringify(text)},"id":"1","name":"x"}`,
    'a value': text => encodeFrame({ type: 'result', seq: 1, status: 'done', value: text }),
    'a type': text => JSON.stringify({ type: text }),
    'no JSON': text => `{"type":"hello","name":"${text}`,
  };

  it.each(Object.entries(frames))('%s', (_, frameOf) => {
    for (const { name, make } of worstTexts()) {
      const textOf = memoized(size => frameOf(make(size)).trimEnd());
      const work = (size: number): void => void readMessage(textOf(size));
      expect({ name, isLinear: timeGrowth(work, 400, 10) < GROWTH_MAX }).toEqual({ name, isLinear: true });
    }
  });
});

/** Collects the schemas of strings, and those of records with their keys. */
function gather(schema: TSchema): void {
  const { type, patternProperties, propertyNames, properties, items, anyOf } = schema as Parts;
  const isConstant = 'const' in schema;
  const isText = type === 'string';
  if (isConstant) return;
  if (isText || patternProperties !== undefined || propertyNames !== undefined)
    checks.set(JSON.stringify(schema), schema);
  for (const child of [...Object.values(properties ?? {}), ...(items === undefined ? [] : [items]), ...(anyOf ?? [])]) {
    gather(child);
  }
}

interface Parts {
  readonly type?: string;
  readonly patternProperties?: object;
  readonly propertyNames?: object;
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly items?: TSchema;
  readonly anyOf?: readonly TSchema[];
}

function valuesWith(schema: TSchema, text: string): readonly unknown[] {
  return schema['type'] === 'object' ? [{ [text]: '' }, { a: text }] : [text];
}

function memoized<T>(make: (size: number) => T): (size: number) => T {
  const made = new Map<number, T>();
  return size => {
    const known = made.get(size) ?? make(size);
    made.set(size, known);
    return known;
  };
}
