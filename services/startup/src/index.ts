export type { LogSink } from './log-sink.js';
export * from './logger.js';
export * from './setting-kinds.js';
export * from './settings.js';
export { keepStandardErrorFromBlocking } from './standard-error.js';
export * from './tls-files.js';
