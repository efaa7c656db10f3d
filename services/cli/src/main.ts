/** The program rankctl. */

import { runGuard } from './programs/process/guard-main.js';
import { GUARD_ARGUMENT } from './programs/process/self-command.js';

// A guard starts in a third of the time, because it does not load the rest of rankctl.
if (process.argv[2] === GUARD_ARGUMENT) runGuard(process.argv[3]);
else void import('./command-line.js').then(async ({ main }) => main());
