/** The entry point `@rankd/client/observer`: watches and administers a group without being a member. Only what it exports is public. */
export { observe, type ObserveOptions } from './observe.js';
export { Observer, type AdminOrder, type ObserverEvents } from './observer.js';
export type { History, Roster } from './pending-queries.js';
export type { ListenerError } from '../callbacks/application-callbacks.js';
export { Sheet, type CommandResult, type Ending } from '../commands/sheet.js';
export type { ServerUrls } from '../connection/server-address.js';
export { RankdError } from '../rankd-error.js';
