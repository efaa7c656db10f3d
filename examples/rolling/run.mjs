// Updates a fleet to a new release, and supervises its processes: a process that exits with 0 is started again. Exits with 0 if they
// were restarted from the last rank to the first, the leader last, and the leader changed once.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { runExample } from '../run-example.mjs';

const NAMES = ['ann', 'bob', 'cid', 'dan'];

await runExample(async example => {
  const directory = await mkdtemp(join(tmpdir(), 'rankd-rolling-'));
  const file = join(directory, 'release');
  try {
    const rankdUrl = await example.rankd();
    const start = name =>
      example.program(name, import.meta.url, 'member.mjs', name, `rolling-${process.pid}`, rankdUrl, file);

    await writeFile(file, '1.0');
    const old = [];
    for (const name of NAMES) {
      const member = start(name);
      await member.says(/I have rank \d and run 1.0/);
      old.push(member);
    }
    await old[0].says(/I lead/);

    example.say('the new release is 1.1');
    await writeFile(file, '1.1');
    const restarted = [];
    const renew = async member => {
      const { code, signal } = await member.exited;
      if (code !== 0) throw new Error(`${member.label} ended with ${signal ?? code}`);
      restarted.push(member.label);
      const again = start(member.label);
      await again.says(/I have rank 3 and run 1.1/);
      return again;
    };
    const renewed = await Promise.all(old.map(renew));
    await renewed.at(-1).says(/I lead/);
    await renewed.at(-1).says(/all subordinates run 1.1/);

    const furtherLeaders = [...old, ...renewed].filter(({ lines }) => lines.some(line => line.startsWith('I lead')));
    example.say(`restarted: ${restarted.join(', ')}; other leaders than ann and dan: ${furtherLeaders.length}`);
    return restarted.join() === NAMES.toReversed().join() && furtherLeaders.length === 0 ? 0 : 1;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
