/** How a program starts: its arguments, and its settings or the reasons why it cannot start. */

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
 * Answers the arguments of the process: help, version, or a usage error with exit code 2. Without arguments, returns the settings that
 * `parse` reads from the environment. If they have faults, writes these and the warnings to standard error and ends the process with 78.
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
    // A fault is often about the setting whose name is misspelled.
    const also = warnings.length === 0 ? '' : `\nBesides:\n${warnings.map(warning => `  - ${warning}`).join('\n')}`;
    writeStandardError(`${error.message}${also}`);
    process.exit(error.exitCode);
  }
}
