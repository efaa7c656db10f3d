/** The verb `ls`. */

import type { Roster } from '@rankd/client/observer';
import { open } from '../connection.js';
import { formatError } from '../output/format-error.js';
import { LiveRegion } from '../output/live-region.js';
import { withoutBacklog } from '../output/without-backlog.js';
import { rosterTable } from '../output/roster-table.js';
import { watchRoster } from '../output/roster-watch.js';
import { writeJson, type CommandContext, type ExitCode } from './command-context.js';

/** How often ages are printed again with --watch, ms. */
const tickMs = 1000;

/** Prints the roster, once or at each change. */
export async function ls(call: CommandContext, options: { readonly watch?: boolean }): Promise<ExitCode> {
  if (options.watch === true) return await watch(call);
  using observer = await open(call.connection);
  const roster = await observer.roster();
  if (call.json) writeJson(call, roster);
  else call.terminal.write(rosterTable(roster, Date.now(), call.terminal).join('\n'));
  return 0;
}

async function watch(call: CommandContext): Promise<ExitCode> {
  const { connection, terminal, json } = call;
  terminal.watchReaders();
  const redraw = new LiveRegion(terminal);
  let newest: Roster | undefined;
  const show = (): void => {
    if (newest === undefined) return;
    if (json) writeJson(call, newest);
    else redraw.show(rosterTable(newest, Date.now(), terminal));
  };
  const showNewest = withoutBacklog(terminal, show);
  const ticking = terminal.isInteractive && !json ? setInterval(showNewest, tickMs) : undefined;
  let isLost = false;
  try {
    await watchRoster(
      connection,
      {
        roster: roster => {
          isLost = false;
          newest = roster;
          showNewest();
        },
        lost: error => {
          if (!isLost) terminal.say(`${formatError(error, connection).message}; reconnecting`);
          isLost = true;
        },
      },
      terminal.unread,
    );
    return 0;
  } finally {
    clearInterval(ticking);
  }
}
