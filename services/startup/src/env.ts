/** Reads the settings of a process from environment variables, files and `.env`. */

import { readFileSync } from 'node:fs';
import type { Static, TObject, TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { config as readDotenv } from 'dotenv';
import { printable } from '@rankd/protocol/printable';
import { writeStandardError } from './standard-error.js';

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

/** Returns the variables of the process, and those of `.env` in the working directory that the process does not have. */
export function readEnvironment(): Environment {
  const { parsed } = readDotenv({ quiet: true, processEnv: {} });
  return { ...parsed, ...process.env };
}

/**
 * Returns the settings that `parse` reads from the environment. If they have faults, writes them to standard error and ends the process
 * with 78. For the start of a program.
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
 * Reads the settings that `schema` describes. Missing and blank variables get the defaults. A variable whose schema has `secret: true`
 * may come from the file that `X_FILE` names. `check` returns the faults that concern several settings. The result is frozen.
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
  // `check` also runs if some fields have faults. It sees their defaults, so faults that it returns about these fields are dropped.
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

/**
 * Returns the text of a variable or of the file for it. Adds a fault by the variable's name. Only the first fault of a variable is
 * reported.
 */
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
  faults.set(name, `${name} and ${name}_FILE are both set: set only one`);
  return undefined;
}

/** Reads a secret from a file. An empty file is a fault. */
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
  return (field?.['expects'] as string | undefined) ?? 'valid: see docs/configuration.md';
}
