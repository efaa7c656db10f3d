/** What the server and the client container need to start: settings, the log, standard error, and TLS files. */

export { LogSink } from './log-sink.js';
export * from './logger.js';
export * from './env-fields.js';
export * from './env.js';
export type { ProgramDescription } from './program-arguments.js';
export * from './program-start.js';
export { keepStandardErrorFromBlocking } from './standard-error.js';
export * from './tls-files.js';
