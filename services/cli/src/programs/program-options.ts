/** The options of the verbs that run a program. */

import type { ProgramLine } from './line/program-line.js';
import type { WatchableField } from './line/member-fields.js';

/** The options that `run`, `lead` and `once` share. */
export interface ProgramOptions {
  readonly line: ProgramLine;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly joinTimeoutMs: number;
  /** How many members must have been present at the same time before the program starts. */
  readonly members: number;
  /** How long to wait for them, ms. Undefined: without limit. */
  readonly membersTimeoutMs: number | undefined;
  readonly stopTimeoutMs: number;
}

/** What `run` does when a watched field has changed. */
export type OnChange =
  | { readonly kind: 'none' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals };

/** The options of `run`. */
export interface RunOptions extends ProgramOptions {
  readonly onChange: OnChange;
  readonly watched: ReadonlySet<WatchableField>;
  readonly settleMs: number;
  readonly restartEveryMs: number;
}

/** After which exits of the program itself `lead` starts it again. */
export const restartPolicies = ['no', 'on-failure', 'always'] as const;
/** One of them. */
export type RestartPolicy = (typeof restartPolicies)[number];

/** The options of `lead`. */
export interface LeadOptions extends ProgramOptions {
  readonly restart: RestartPolicy;
}

/** The options of `once`. */
export interface OnceOptions extends ProgramOptions {
  /** Whether the next member runs the program after an exit code other than 0. */
  readonly retry: boolean;
}
