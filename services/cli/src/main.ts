import { createRequire } from 'node:module';

/** rankctl. Exit: 0 done, 1 not, 2 usage. */
const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

if (process.argv[2] === '--version') {
  console.log(`rankctl ${version}`);
} else {
  console.error('usage: rankctl --version');
  process.exitCode = 2;
}
