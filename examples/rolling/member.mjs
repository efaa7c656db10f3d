// A member of a fleet that is updated without a gap. It runs the release that was in the file when it started. The leader restarts
// the members with another release, from the last rank to the first, one at a time, and itself last. Arguments: name, group, URL of
// rankd, file.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from '@rankd/client';

const [name, group, rankdUrl, file] = process.argv.slice(2);
const BACK_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 100;

const wantedRelease = async () => (await readFile(file, 'utf8')).trim();
const release = await wantedRelease();
// Registered in `prepare`, so that the handlers exist before the first command.
const prepare = me => {
  me.handle('release', () => release);
  me.handle('restart', (args, { from }) => {
    console.log(`I restart by order of ${from.name}`);
    // After this answer is sent. The supervisor of this process starts it again.
    setTimeout(() => void me.leave(), 10);
  });
};
const me = await join(rankdUrl, { name, group, updates: 'size', prepare });
console.log(`I have rank ${me.rank} and run ${release}`);

/** Returns the subordinates by rank with their releases. Undefined if one has not answered. */
async function below() {
  const members = [];
  try {
    for await (const { from, status, value } of me.stream('release')) {
      if (status !== 'left') members.push({ ...from, release: value });
    }
  } catch (error) {
    if (error.code !== 'NO_RECIPIENTS') throw error;
  }
  return members.sort((a, b) => a.rank - b.rank);
}

/** Returns whether the member has returned with the wanted release. It is then another member with the same name and the last rank. */
async function isBack({ name }, wanted) {
  const late = AbortSignal.timeout(BACK_WITHIN_MS);
  while (!late.aborted) {
    if ((await below()).some(member => member.name === name && member.release === wanted)) return true;
    // Waits for a change of the group, at most one second: a change before this line would be missed.
    await once(me, 'rank', { signal: AbortSignal.timeout(1000) }).catch(() => undefined);
  }
  return false;
}

/** Does one step of the update to `wanted`. Resolves with whether another step may follow: not if a member has not returned. */
async function step(wanted) {
  const last = (await below()).filter(member => member.release !== wanted).at(-1);
  if (last !== undefined && last.release === undefined) {
    console.log(`${last.name} (rank ${last.rank}) does not answer: I wait`);
    return true;
  }
  if (last === undefined) {
    console.log(`all subordinates run ${wanted}`);
    if (release !== wanted) await me.leave();
    return false;
  }
  console.log(`${last.name} (rank ${last.rank}) still runs ${last.release}`);
  await me.command('restart', undefined, { to: { members: [last.member] } });
  if (await isBack(last, wanted)) return true;
  console.log(`${last.name} has not come back: I restart no other member`);
  return false;
}

await me.lead(async signal => {
  console.log(`I lead, and run ${release}`);
  for (let done; !signal.aborted; await sleep(LOOK_EVERY_MS)) {
    const wanted = await wantedRelease();
    if (wanted === done) continue;
    while (!signal.aborted && (await step(wanted)));
    done = wanted;
  }
});
