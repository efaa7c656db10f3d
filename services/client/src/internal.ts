/**
 * The entry point `@rankd/client/internal`, for rankctl, the simulator and rankd's tests. Nothing here is public: any release may
 * change or remove it.
 */
export type { MembershipEvents } from './events.js';
export { argsFromText } from './commands/json-text.js';
export { mistakeOfCode } from './connection/connect-mistake.js';
export { createConnect, openSocket } from './connection/dial.js';
export { errorFromServer, RankdError } from './rankd-error.js';
export type { Fence, Seat, SeatConnection } from './session/seat.js';
export { formatAddress, parseServerAddresses } from './connection/server-address.js';
export { MemberState, type SentHello } from './session/member-state.js';
export { EventNotifier } from './session/event-notifier.js';
export { systemEnvironment, type ClientEnvironment } from './client-environment.js';
export type { Clock, Timer } from './clock.js';
export { joinWith } from './join.js';
export { replicaName } from './container/replica-name.js';
export { tagsOf } from './container/config.js';
export { observeWith } from './observer/observe.js';
