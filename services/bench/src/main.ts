import { fileURLToPath } from 'node:url';
import { benchCommand } from './command.js';

/** The engine by itself, on a checkout that is built; scripts/bench builds first and writes the page. */
process.exitCode = await benchCommand(process.argv.slice(2), {
  repository: fileURLToPath(new URL('../../..', import.meta.url)),
});
