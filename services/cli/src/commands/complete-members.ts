/** The candidates for the name of a member, for the completion scripts. */

import { bashCandidates } from '../completion/bash-candidates.js';
import { memberCandidates } from '../completion/member-candidates.js';
import type { Shell } from '../completion/completion-script.js';
import { open } from '../connection.js';
import { writeJson, type CommandContext, type ExitCode } from './command-context.js';

/** How long a completion waits for a server, ms. */
const ANSWER_MS = 2000;

/** The word that a shell completes. */
export interface CompletionOptions {
  readonly shell: Shell;
  /** In bash: the text as it was typed. The other shells filter and quote the candidates themselves. */
  readonly typed: string;
  /** In bash: the text that stays in the line before the candidate. */
  readonly kept: string;
  readonly isAfterDashes: boolean;
}

/** Prints one candidate a line. The scripts of `rankctl completion` call it. */
export async function completeMembers(call: CommandContext, completing: CompletionOptions): Promise<ExitCode> {
  const { shell, typed, kept, isAfterDashes } = completing;
  using observer = await open(call.connection, AbortSignal.timeout(ANSWER_MS));
  const { members } = await observer.roster();
  const names = memberCandidates(members, { shell, isAfterDashes });
  const candidates = shell === 'bash' ? bashCandidates({ kept, replaced: typed }, names) : names;
  if (call.json) writeJson(call, { shell, candidates });
  else if (candidates.length > 0) call.terminal.write(candidates.join('\n'));
  return 0;
}
