import type { MovedEntry, RemovedEntry } from './entries.js';
import type { Member } from './member.js';

/** What the server decides about a member, as opposed to what a member does: it may have to wait for the leader to stop. */
export type Decision =
  | { readonly kind: 'move'; readonly entry: MovedEntry }
  | { readonly kind: 'remove'; readonly entry: RemovedEntry }
  /** The server has ended its session. */
  | { readonly kind: 'end'; readonly member: Member; readonly reason: string };
