/**
 * Parts of the library for rankd's own packages: rankctl and the simulator. Nothing here is public: a release may change or remove
 * any of it.
 */
export type { MembershipEvents } from './events.js';
export { openSocket } from './connection/dial.js';
export { errorFromServer, RankdError } from './rankd-error.js';
export type { Fence, Seat, SeatLink } from './session/seat.js';
export { addressInWords, parseServerAddresses } from './connection/server-address.js';
export { Standing, type Greeting } from './session/member-state.js';
export { Tidings } from './session/event-notifier.js';
