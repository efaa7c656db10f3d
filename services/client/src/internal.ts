/**
 * Parts of the library for rankd's own packages: rankctl and the simulator. Nothing here is public: a release may change or remove
 * any of it.
 */
export type { MembershipEvents } from './client-event.js';
export { openSocket } from './open-socket.js';
export { errorFromServer, RankdError } from './rankd-error.js';
export type { Fence, Seat, SeatLink } from './seat.js';
export { addressInWords, parseServerAddresses } from './server-address.js';
export { Standing, type Greeting } from './standing.js';
export { Tidings } from './tidings.js';
