/**
 * The public API of `@rankd/client`. Begin with `join`.
 *
 * @module
 */

export type {
  Json,
  Leader,
  MissingRecipient,
  NamedMember,
  RefusedTarget,
  RosterMember,
  Sender,
  Target,
} from '@rankd/protocol';
export type { ListenerError } from './callbacks/application-callbacks.js';
export type { LeaseChange, MembershipEvents, RankChange, SizeChange, Suspension } from './events.js';
export type { Roster } from './observer/pending-queries.js';
export type { AnyCommands, ArgsOf, CommandsOf, HandlerOf, OrderOf, ValueOf } from './commands/declared-commands.js';
export type { CommandContext, Execution } from './commands/command-executor.js';
export { join, type JoinOptions } from './join.js';
export type { Logger, LogMethod } from './logger.js';
export type { Work } from './leadership/leadership.js';
export type { Membership } from './membership.js';
export type { CommandOptions } from './commands/command-sender.js';
export type { Dial, TlsOptions, TlsSource } from './connection/dial.js';
export type { PartitionHandlers, PartitionHold, PartitionOptions, Partitions } from './partitions/partition-types.js';
export { RankdError } from './rankd-error.js';
export type { Fence, SeatClaim } from './session/seat.js';
export type { ServerFacts } from './session/server-facts.js';
export type { ServerAddress, ServerUrls } from './connection/server-address.js';
export type { CommandResult, Ending, Sheet } from './commands/sheet.js';
export type { UnsentTarget } from './commands/unsent-targets.js';
