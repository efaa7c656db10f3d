// Builds what is missing, runs the benchmark (services/bench) and writes docs/performance.md.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, ensureInstalled, PreparationError } from './lib/install.mjs';
import { withGenerated } from './lib/docs/generated-block.mjs';
import { root } from './lib/run.mjs';
import { complain, say } from './lib/terminal.mjs';

try {
  await ensureInstalled();
  await build();
  // The build makes these modules, so they are imported after it.
  const { benchCommand, renderPage } = await import('../services/bench/dist/index.js');
  const { formatPage } = await import('./lib/docs/format-page.mjs');
  process.exitCode = await benchCommand(process.argv.slice(2), {
    repository: root,
    writePage: async report => {
      await writeFile(join(root, 'docs/performance.md'), await formatPage(renderPage(report)));
      say('wrote docs/performance.md');
    },
    writeClusterFigures: async markdown => {
      const page = join(root, 'docs/scaling.md');
      const figures = withGenerated(await readFile(page, 'utf8'), 'scripts/bench --cluster', markdown);
      await writeFile(page, await formatPage(figures));
      say('wrote docs/scaling.md');
    },
  });
} catch (error) {
  if (!(error instanceof PreparationError)) throw error;
  complain(`${error.message}\n${error.output}`);
  process.exitCode = 1;
}
