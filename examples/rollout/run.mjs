// Changes a setting everywhere, twice; before the second time one process is paused. Exits with 0 if the last change is proved, with
// 1 if it is not. With --nobody-paused it is.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { runExample } from '../run-example.mjs';

await runExample(async example => {
  const directory = await mkdtemp(join(tmpdir(), 'rankd-rollout-'));
  const file = join(directory, 'settings.json');
  try {
    const rankdUrl = await example.rankd();
    const services = [];
    for (const name of ['ann', 'bob', 'cid', 'dan', 'eve']) {
      const service = example.program(
        name,
        import.meta.url,
        'service.mjs',
        name,
        `rollout-${process.pid}`,
        rankdUrl,
        file,
      );
      await service.says(/I have rank/);
      services.push(service);
    }
    const [ann, , cid] = services;

    await writeFile(file, JSON.stringify({ limit: 20 }));
    ann.kill('SIGHUP');
    await ann.says(/proved/);

    if (!process.argv.includes('--nobody-paused')) {
      example.say('cid is paused');
      cid.kill('SIGSTOP');
    }
    await writeFile(file, JSON.stringify({ limit: 30 }));
    ann.kill('SIGHUP');
    const [verdict] = await ann.says(/^(not )?proved/);
    return verdict === 'proved' ? 0 : 1;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
