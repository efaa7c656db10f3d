import { bashCandidates } from '../completion/bash-candidates.js';
import { memberCandidates } from '../completion/member-candidates.js';
import type { Shell } from '../completion/completion-script.js';
import { open } from '../connection.js';
import { writeJson, type CommandContext, type ExitCode } from './command-context.js';

/** A completion does not wait longer than this for a server. */
const ANSWER_MS = 2000;

/** What a shell has of the word that is completed. */
export interface CompletionOptions {
  readonly shell: Shell;
  /** In bash: as it was typed. The other shells choose among all candidates, and quote, by themselves. */
  readonly typed: string;
  /** In bash: what stays in the line before it. */
  readonly kept: string;
  readonly isAfterDashes: boolean;
}

/** One candidate a line; asked for by the scripts that `rankctl completion` prints. */
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
