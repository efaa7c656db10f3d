/** The entry point `@rankd/testkit/load`: what scripts/fuzz and scripts/soak run. */

export { runFuzz, type FuzzOptions } from './fuzz.js';
export { runSoak, type SoakOptions, type SoakReport } from './soak.js';
