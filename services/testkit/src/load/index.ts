export { runFuzz, type FuzzOptions } from './fuzz.js';
export { runSoak, type SoakOptions, type SoakReport } from './soak.js';
