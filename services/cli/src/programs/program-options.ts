/** The options of the verbs that run a program. */

import type { ProgramLine } from './line/program-line.js';
import type { ListenAddress } from './local-http/listen-address.js';
import type { ShellCommandOptions } from './shell-commands/shell-commands.js';
import type { WatchableField } from './line/member-fields.js';

/** What the program uses besides its environment. */
export interface AccessOptions {
  /** Where rankctl answers HTTP requests (R-PROG-9). Undefined: nowhere. */
  readonly http: ListenAddress | undefined;
  /** The path of the state file (R-PROG-3). */
  readonly stateFile: string | undefined;
  /** The path of the seat file (R-PROG-10). */
  readonly seatFile: string | undefined;
  /** Whether a member with a seat file leaves with a goodbye when a signal ends rankctl. */
  readonly leavesOnSignal: boolean;
  /** The commands of `--on` (R-PROG-8). Undefined in the verbs without this option. */
  readonly commands: ShellCommandOptions | undefined;
}

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
  readonly access: AccessOptions;
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

/** After which exits `lead` starts the program again. Exits that rankctl has caused do not count. */
export const restartPolicies = ['no', 'on-failure', 'always'] as const;
/** One of `restartPolicies`. */
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
