/** The parts with which the server and the clients start: settings, the log, standard error, and TLS files. */

export { LogSink } from './log-sink.js';
export * from './logger.js';
export * from './env-fields.js';
export * from './env.js';
export { keepStandardErrorFromBlocking } from './standard-error.js';
export * from './tls-files.js';
