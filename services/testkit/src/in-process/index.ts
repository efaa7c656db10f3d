/** A whole server, and members that use the library, in one process on a manual clock. Only tests and the simulator use it. */
export * from './in-process-client.js';
export * from './in-process-fleet.js';
export * from './in-process-server.js';
export * from './server-socket.js';
