/**
 * Parts of the library for rankd's own packages: rankctl and the simulator. Nothing here is public: a release may change or remove
 * any of it.
 */
export type { MembershipEvents } from './events.js';
export { openSocket } from './connection/dial.js';
export { errorFromServer, RankdError } from './rankd-error.js';
export type { Fence, Seat, SeatConnection } from './session/seat.js';
export { formatAddress, parseServerAddresses } from './connection/server-address.js';
export { MemberState, type SentHello } from './session/member-state.js';
export { EventNotifier } from './session/event-notifier.js';
