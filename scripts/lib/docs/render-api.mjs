/** Makes docs/api.md. */

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { compactReference } from './compact-reference.mjs';
import { formatPage } from './format-page.mjs';

/** The first lines of the page: a list of tasks with the section for each. */
const head = `Generated from the docstrings by \`node scripts/docs.mjs\`.

- Join a group: [join](#join), with [JoinOptions](#joinoptions)
- Read the rank, lead, send and handle commands, divide work, leave: [Membership](#membership)
- React to changes: [MembershipEvents](#membershipevents)
- Read how a command ended: [Sheet](#sheet)
- Handle errors: [RankdError](#rankderror), and [every code](errors.md)`;

const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** Renders the library's reference from its docstrings, with the options in typedoc.json. */
export async function renderApi() {
  const directory = await mkdtemp(join(tmpdir(), 'rankd-api-'));
  try {
    const typedoc = join(repository, 'node_modules/typedoc/bin/typedoc');
    await promisify(execFile)(process.execPath, [typedoc, '--out', directory], { cwd: repository });
    const page = await readFile(join(directory, 'README.md'), 'utf8');
    return await formatPage(compactReference(page.replace(/^# .*\n/, `# The client library\n\n${head}\n`)));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
