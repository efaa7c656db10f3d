import { constants } from 'node:os';
import { UsageError } from '../../errors.js';

/**
 * Parses the name of a signal, with or without SIG.
 * @param option the option, for the error
 * @throws UsageError if there is no such signal, or if no program can handle it
 */
export function parseSignal(option: string, name: string): NodeJS.Signals {
  const signal = name.startsWith('SIG') ? name : `SIG${name}`;
  if (Object.hasOwn(constants.signals, signal) && signal !== 'SIGKILL' && signal !== 'SIGSTOP')
    return signal as NodeJS.Signals;
  throw new UsageError(
    `${option}: ${JSON.stringify(name)} is no signal that a program can handle: use a name such as HUP`,
  );
}
