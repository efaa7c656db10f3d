/** The entry point `@rankd/client/observer`: watches and administers a group without being a member. Only what it exports is public. */
export { observe, type ObserveOptions } from './observe.js';
export type { AdminOrder } from './admin-order.js';
export { Observer, type ObserverEvents } from './observer.js';
export type { History, Roster } from './pending-queries.js';
export type { ListenerError } from '../callbacks/application-callbacks.js';
export { Sheet, type CommandResult, type Ending } from '../commands/sheet.js';
export type { ServerUrls } from '../connection/server-address.js';
export type { UnsentTarget } from '../commands/unsent-targets.js';
export { RankdError } from '../rankd-error.js';
