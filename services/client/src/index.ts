export type { Json, Leader, MissingRecipient, NamedMember, RefusedTarget, Sender, Target } from '@rankd/protocol';
export type { MembershipEvents, RankChange } from './client-event.js';
export type { CommandContext, Execution, Handler } from './executor.js';
export { join, type JoinOptions } from './join.js';
export type { CommandOptions, Fence, Membership } from './membership.js';
export { RankdError } from './rankd-error.js';
export type { CommandResult, Ending, Sheet } from './sheet.js';
