/** The entry point `@rankd/testkit/load`: what scripts/attack.mjs, scripts/fuzz and scripts/soak run. */

export { type AttackOptions, type AttackReport, floodNames, runAttack } from './attack/run-attack.js';
export { runFuzz, type FuzzOptions } from './fuzz.js';
export { runSoak, type SoakOptions, type SoakReport } from './soak.js';
