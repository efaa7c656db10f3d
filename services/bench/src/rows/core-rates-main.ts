/** A program: measures the core alone. */

import { measureCore } from './core-rates.js';

// The program that measureCoreIn starts: node core-rates-main.js REPOSITORY SIZE…
const [, , repository = '', ...sizes] = process.argv;
process.stdout.write(JSON.stringify(await measureCore(repository, sizes.map(Number))));
