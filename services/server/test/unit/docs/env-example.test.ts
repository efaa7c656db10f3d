import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import { repository } from '@rankd/testkit';
import { clientSettingsSchema, parseClientConfig } from '../../../../client/src/container/config.js';
import { parseServerConfig, serverSettingsSchema } from '../../../src/config.js';

/** `.env.example` lists every variable of the programs with its meaning and default, and nothing else. */

interface Entry {
  readonly description: string;
  readonly value: string;
}

interface Field {
  readonly description?: string;
  readonly default?: string | number | boolean;
}

const text = readFileSync(resolve(repository, '.env.example'), 'utf8');

/** Each variable has a comment and, commented out, its default. A copy of the file changes nothing. */
function readEntries(): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  let description = '';
  for (const line of text.split('\n')) {
    const [, name, value = ''] = /^#([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
    if (name === undefined) {
      description = line.replace(/^# ?/, '');
      continue;
    }
    if (entries.has(name)) throw new Error(`${name} occurs twice in .env.example`);
    entries.set(name, { description, value });
  }
  return entries;
}

function entryOf(field: Field): Entry {
  const { description = '', default: value = '' } = field;
  return { description, value: typeof value === 'boolean' ? String(Number(value)) : String(value) };
}

/** A variable that both programs read is listed once, with the server's description. */
function expectedEntries(): Record<string, Entry> {
  const fields: Record<string, Field> = { ...clientSettingsSchema.properties, ...serverSettingsSchema.properties };
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, entryOf(field)]));
}

it('lists every variable of both programs with its meaning and default, and no other', () => {
  expect(Object.fromEntries(readEntries())).toEqual(expectedEntries());
});

it('contains only comments and blank lines, so that a copy of it changes nothing', () => {
  expect(text.split('\n').filter(line => line !== '' && !line.startsWith('#'))).toEqual([]);
});

it('has the defaults of the programs as values', () => {
  const environment = Object.fromEntries([...readEntries()].map(([name, { value }]) => [name, value]));
  expect(parseServerConfig(environment)).toEqual(parseServerConfig({}));
  expect(parseClientConfig(environment)).toEqual(parseClientConfig({}));
});

it('describes every variable', () => {
  const silent = [...readEntries()].filter(([, { description }]) => description.length < 10);
  expect(silent).toEqual([]);
});
