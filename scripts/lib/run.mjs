/** Runs commands in the repository. */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The root directory of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

const outputCharsMax = 1_000_000;

/**
 * Runs a command in the repository. Resolves with its exit code and output when it has ended. If `show` is set, the output is shown and not
 * kept. 'with the keyboard' also connects standard input. If the command does not exist, or does not end within `timeout`, the code is not
 * 0.
 */
export function run(command, args, { env = process.env, show = false, timeout } = {}) {
  return new Promise(resolve => {
    const shown = show ? 'inherit' : 'pipe';
    const stdio = [show === 'with the keyboard' ? 'inherit' : 'ignore', shown, shown];
    const child = spawn(command, args, { cwd: root, env, stdio, timeout });
    let output = '';
    const keep = text => (output = (output + text).slice(-outputCharsMax));
    child.stdout?.setEncoding('utf8').on('data', keep);
    child.stderr?.setEncoding('utf8').on('data', keep);
    child.once('error', error => resolve({ code: 127, output: String(error) }));
    child.once('close', code => resolve({ code: code ?? 1, output }));
  });
}

/** Runs a command and returns whether it has succeeded. */
export async function succeeds(command, args, options) {
  return (await run(command, args, options)).code === 0;
}
