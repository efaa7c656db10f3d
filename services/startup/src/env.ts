/** Reads the settings of a process from environment variables, files and `.env`. */

import type { Static, TObject, TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { printable } from '@rankd/protocol/printable';
import { readDotenvFile } from './variables/dotenv-file.js';
import { readSecretFile, type TextOrFault } from './variables/secret-file.js';
import { faultOfText } from './variables/value-faults.js';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** All faults of the settings in one message, a line each. The process must exit with `exitCode` (EX_CONFIG). */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly exitCode = 78;
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The configuration is invalid:\n${faults.map(fault => `  - ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/** Returns the variables of the process and of `.env` in the working directory. A variable of the process overrides the one in `.env`. */
export function readEnvironment(): Environment {
  return { ...readDotenvFile().variables, ...process.env };
}

/**
 * Reads the settings that `schema` describes. Missing and blank variables get the defaults. A variable whose schema has `secret: true` may
 * come from the file that `X_FILE` names. `check` returns faults that involve several settings. The result is frozen.
 * @throws SettingsError with all faults. It quotes no secret.
 */
export function parseSettings<S extends TObject>(
  schema: S,
  environment: Environment,
  check: (settings: Static<S>) => readonly string[] = () => [],
): Readonly<Static<S>> {
  const faults = new Map<string, string>();
  const raw: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema.properties)) {
    const text = readVariable(name, field, environment, faults);
    if (text !== undefined) raw[name] = convert(field, text);
  }
  const settings = Value.Default(schema, raw) as Record<string, unknown>;
  addFieldFaults(schema, settings, faults);
  // `check` runs even if some fields have faults. It gets the defaults of these fields, so its faults that name such a field are dropped.
  for (const name of faults.keys()) settings[name] = schema.properties[name]?.['default'];
  const contradictions = check(settings as Static<S>).filter(found => !namesAny(found, faults));
  const all = [...faults.values(), ...contradictions];
  if (all.length > 0) throw new SettingsError(all);
  return Object.freeze(settings);
}

function namesAny(text: string, variables: ReadonlyMap<string, string>): boolean {
  const words = new Set(text.split(/\W/));
  return [...variables.keys()].some(name => words.has(name));
}

/** Returns the text of a variable, or of the file that `X_FILE` names. If there is a fault, adds it to `faults` and returns undefined. */
function readVariable(
  name: string,
  field: TSchema,
  environment: Environment,
  faults: Map<string, string>,
): string | undefined {
  const value = blankToUndefined(environment[name]);
  const path = field['secret'] === true ? blankToUndefined(environment[`${name}_FILE`]) : undefined;
  if (path !== undefined && value !== undefined) {
    faults.set(name, `${name} and ${name}_FILE are both set: set only one`);
    return undefined;
  }
  const read = path === undefined ? readText(name, value, field) : readSecretFile(`${name}_FILE`, path, field);
  if (read.kind === 'text') return read.text;
  faults.set(name, read.fault);
  return undefined;
}

function readText(name: string, text: string | undefined, field: TSchema): TextOrFault<string | undefined> {
  const fault = text === undefined ? undefined : faultOfText(name, text, field);
  return fault === undefined ? { kind: 'text', text } : { kind: 'fault', fault };
}

function blankToUndefined(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : text;
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['true', true],
  ['0', false],
  ['false', false],
]);

function convert(field: TSchema, text: string): unknown {
  if (field['type'] === 'integer') return /^-?\d+$/.test(text) ? Number(text) : text;
  if (field['type'] === 'boolean') return booleans.get(text) ?? text;
  return text;
}

function addFieldFaults(schema: TObject, settings: unknown, faults: Map<string, string>): void {
  for (const error of Value.Errors(schema, settings)) {
    const name = error.path.slice(1);
    if (faults.has(name)) continue;
    const field = schema.properties[name];
    const shown = field?.['secret'] === true ? '' : `, not ${printable(JSON.stringify(error.value))}`;
    faults.set(name, `${name} must be ${wanted(field)}${shown}`);
  }
}

function wanted(field: TSchema | undefined): string {
  if (field?.['type'] === 'integer') {
    const { minimum, maximum } = field as { minimum?: number; maximum?: number };
    return `a whole number${minimum === undefined ? '' : ` from ${minimum}`}${maximum === undefined ? '' : ` to ${maximum}`}`;
  }
  if (field?.['type'] === 'boolean') return '1 or 0';
  const choices = (field?.['anyOf'] as { const: string }[] | undefined)?.map(choice => choice.const);
  if (choices !== undefined) return `one of ${choices.join(', ')}`;
  return (field?.['expects'] as string | undefined) ?? 'valid: see docs/configuration.md';
}
