// A service whose setting is the same in every process. The leader reads it from a file at the start and on SIGHUP, sends it to its
// subordinates, and prints whether all have applied it. Arguments: name, group, URL of rankd, file.
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { join } from '@rankd/client';

const [name, group, rankdUrl, file] = process.argv.slice(2);
const DEADLINE_MS = 1000;
let limit = 0;

// Registered in `prepare`, so that the handler exists before the first command.
const prepare = me => {
  me.handle('apply', wanted => {
    limit = wanted.limit;
    console.log(`my limit is ${limit} now`);
  });
};
const me = await join(rankdUrl, { name, group, prepare });
process.on('SIGHUP', () => void rollOut());
console.log(`I have rank ${me.rank}`);

/** Sends the setting to all subordinates. The sheet counts every recipient exactly once. */
async function rollOut() {
  if (me.fence === undefined) return;
  ({ limit } = JSON.parse(await readFile(file, 'utf8')));
  const sheet = await me.command('apply', { limit }, { to: 'below', deadlineMs: DEADLINE_MS });
  const missing = [
    ...sheet.missing.map(({ name, rank, status }) => `${name} (rank ${rank}) ${status}`),
    ...sheet.unsent.map(({ name, rank, code }) => `${name} (rank ${rank}) ${code}`),
  ];
  if (sheet.all('done'))
    console.log(`proved: limit ${limit} on all ${sheet.recipients} below me, after ${sheet.ms} ms`);
  else
    console.log(`not proved: limit ${limit} on ${sheet.done} of ${sheet.recipients} below me; ${missing.join(', ')}`);
}
