/** The program behind scripts/bench, without the build. */

import { fileURLToPath } from 'node:url';
import { benchCommand } from './command.js';

/** Runs the benchmark of a built checkout. scripts/bench builds first and writes the page. */
process.exitCode = await benchCommand(process.argv.slice(2), {
  repository: fileURLToPath(new URL('../../..', import.meta.url)),
});
