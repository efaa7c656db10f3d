/** Reads the arguments and the settings of a program when it starts. */

import { readEnvironment, SettingsError, type Environment } from './env.js';
import { answerArguments, type ProgramDescription } from './program-arguments.js';
import { writeStandardError } from './standard-error.js';
import { readVariableWarnings } from './variables/variable-warnings.js';

/** The settings of a program, and the warnings about its environment for its log. */
export interface StartSettings<S> {
  readonly config: S;
  readonly warnings: readonly string[];
}

/**
 * Handles the arguments of the process: help, version, or a usage error with exit code 2. Without arguments, returns the settings that
 * `parse` reads from the environment. If the settings have faults, writes the faults and the warnings to standard error and ends the
 * process with exit code 78.
 */
export function settingsOrExit<S>(
  program: ProgramDescription,
  version: string,
  parse: (environment: Environment) => S,
): StartSettings<S> {
  answerArguments(program, version, process.argv.slice(2));
  const warnings = readVariableWarnings();
  try {
    return { config: parse(readEnvironment()), warnings };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    // Print the warnings too: a required setting is often missing because its name is misspelled.
    const also = warnings.length === 0 ? '' : `\nWarnings:\n${warnings.map(warning => `  - ${warning}`).join('\n')}`;
    writeStandardError(`${error.message}${also}`);
    process.exit(error.exitCode);
  }
}
