// Changes a setting in every process, twice. Before the second change one process is paused. Exits with 0 if every process has
// confirmed the last change, otherwise with 1. With --nobody-paused it exits with 0.
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
