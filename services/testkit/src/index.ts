export * from './chaos-proxy.js';
export * from './deadline.js';
export * from './launch-redis.js';
export * from './launch-server.js';
export * from './program.js';
export * from './raw-peer.js';
