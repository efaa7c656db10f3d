import { readFileSync } from 'node:fs';
import type { Static, TObject, TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { config as readDotenv } from 'dotenv';
import { printable } from '@rankd/protocol/printable';
import { writeStandardError } from './standard-error.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Every fault of a configuration in one message, a line each. The process exits with `exitCode` (EX_CONFIG). */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly exitCode = 78;
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The configuration cannot be used:\n${faults.map(fault => `  - ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/** The process environment over what `.env` in the working directory says. */
export function readEnvironment(): Environment {
  const { parsed } = readDotenv({ quiet: true, processEnv: {} });
  return { ...parsed, ...process.env };
}

/**
 * What `parse` makes of the environment, for a program that begins: faults go to standard error without a stack, and the
 * process ends with 78.
 */
export function settingsOrExit<S>(parse: (environment: Environment) => S): S {
  try {
    return parse(readEnvironment());
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    writeStandardError(error.message);
    process.exit(error.exitCode);
  }
}

/**
 * The settings that `schema` describes, with defaults where a variable is missing or blank; frozen. A variable whose schema
 * says `secret: true` may come from a file instead: `X_FILE` names it. `check` finds what single fields cannot show.
 * @throws SettingsError with all faults at once; secrets are never quoted.
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
  // What single fields cannot show is looked for all the same, with the faulty ones at their defaults and not spoken of.
  for (const name of faults.keys()) settings[name] = schema.properties[name]?.['default'];
  const contradictions = check(settings as Static<S>).filter(found => !speaksOf(found, faults));
  const all = [...faults.values(), ...contradictions];
  if (all.length > 0) throw new SettingsError(all);
  return Object.freeze(settings);
}

function speaksOf(text: string, variables: ReadonlyMap<string, string>): boolean {
  const words = new Set(text.split(/\W/));
  return [...variables.keys()].some(name => words.has(name));
}

/** The faults are by variable; the first of each is told. */
function readVariable(
  name: string,
  field: TSchema,
  environment: Environment,
  faults: Map<string, string>,
): string | undefined {
  const value = blankToUndefined(environment[name]);
  if (field['secret'] !== true) return value;
  const path = blankToUndefined(environment[`${name}_FILE`]);
  if (path === undefined) return value;
  if (value === undefined) return readSecret(name, path, faults);
  faults.set(name, `${name} and ${name}_FILE are both set: keep one`);
  return undefined;
}

/** A file that says nothing is a fault: whoever names one wants what it should hold. */
function readSecret(name: string, path: string, faults: Map<string, string>): string | undefined {
  try {
    const secret = blankToUndefined(readFileSync(path, 'utf8').trim());
    if (secret === undefined) faults.set(name, `${name}_FILE names a file that is empty: ${path}`);
    return secret;
  } catch {
    faults.set(name, `${name}_FILE names a file that cannot be read: ${path}`);
    return undefined;
  }
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
  return (field?.['expects'] as string | undefined) ?? 'as its description says';
}
