/** The core: the rules about ranks, authority, commands and time. It has no clock, no randomness, no sockets and no imports. */

export * from './commands/authority.js';
export * from './views/change-history.js';
export * from './commands/open-commands.js';
export * from './coordinator.js';
export * from './effects.js';
export * from './entries.js';
export * from './entry-sender.js';
export * from './cluster/server-registry.js';
export * from './group.js';
export * from './invariant-error.js';
export * from './invariants.js';
export * from './roster/member.js';
export * from './roster/rank-range.js';
export * from './roster/roster.js';
export * from './roster/roster-diff.js';
export * from './group-limits.js';
export * from './snapshot.js';
export * from './views/view-updates.js';
