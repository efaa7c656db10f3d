/** `rankd/testing`: starts a server for the tests of a user's program. */

export { startRankd, type StartedRankd, type StartRankdOptions } from './start-rankd.js';
