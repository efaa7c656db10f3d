export * from './logger.js';
export * from './setting-kinds.js';
export * from './settings.js';
export * from './tls-files.js';
