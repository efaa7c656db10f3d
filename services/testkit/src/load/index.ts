/** The entry point `@rankd/testkit/load`: what scripts/attack.mjs, scripts/programs.mjs, scripts/fuzz and scripts/soak run. */

export { type AttackOptions, type AttackReport, floodNames, runAttack } from './attack/run-attack.js';
export { type FaultName, faults } from '../program-faults/faults.js';
export { type ProgramFaultsReport, runProgramFaults } from '../program-faults/run-program-faults.js';
export { runFuzz, type FuzzOptions } from './fuzz.js';
export { runSoak, type SoakOptions, type SoakReport } from './soak.js';
