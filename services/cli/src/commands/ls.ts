/** The verb `ls`. */

import type { Roster } from '@rankd/client/observer';
import { open } from '../connection.js';
import { formatError } from '../output/format-error.js';
import { LiveRegion } from '../terminal/live-region.js';
import { withoutBacklog } from '../terminal/without-backlog.js';
import { watchRoster } from '../output/roster-watch.js';
import { listingLines, type Listing } from '../roster/roster-listing.js';
import type { CommandContext, ExitCode } from './command-context.js';

/** How often ages are printed again with --watch, ms. */
const tickMs = 1000;

interface LsOptions {
  readonly watch?: boolean;
  readonly listing: Listing;
}

/** Prints the roster, once or at each change. */
export async function ls(call: CommandContext, { watch: isWatched = false, listing }: LsOptions): Promise<ExitCode> {
  if (isWatched) return await watch(call, listing);
  using observer = await open(call.connection);
  const lines = listingLines(await observer.roster(), listing, Date.now(), call.terminal);
  if (lines.length > 0) call.terminal.write(lines.join('\n'));
  return 0;
}

async function watch({ connection, terminal }: CommandContext, listing: Listing): Promise<ExitCode> {
  terminal.watchReaders();
  const redraw = new LiveRegion(terminal);
  const { kind } = listing.form;
  const isJson = kind === 'roster as JSON' || kind === 'ids as JSON' || kind === 'members as JSON';
  let newest: Roster | undefined;
  const show = (): void => {
    if (newest === undefined) return;
    const lines = listingLines(newest, listing, Date.now(), terminal);
    if (!isJson) redraw.show(lines);
    else if (lines.length > 0) terminal.write(lines.join('\n'));
  };
  const showNewest = withoutBacklog(terminal, show);
  const ticking = terminal.isInteractive && !isJson ? setInterval(showNewest, tickMs) : undefined;
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
