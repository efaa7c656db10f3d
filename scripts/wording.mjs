// Finds phrases that make a sentence hard to read, in docs, comments, messages and titles of tests. See the usage below.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { findPhrases } from './lib/wording/check-wording.mjs';
import { root } from './lib/run.mjs';

const usage = `Usage: node scripts/wording.mjs [FILE…]

Prints each phrase of scripts/lib/wording/phrases.mjs that a file has, and what to write instead. Without FILE it reads all files
of the repository. Exits with 0 if it finds no phrase.`;

const args = process.argv.slice(2);
if (args.includes('--help')) process.stdout.write(`${usage}\n`);
else process.exitCode = check(args.length > 0 ? args : repositoryFiles());

function check(paths) {
  let count = 0;
  for (const path of paths) {
    for (const { line, phrase, write } of findPhrases(path, readFileSync(path, 'utf8'))) {
      count += 1;
      process.stdout.write(`${path}:${line}: "${phrase}": write ${write}\n`);
    }
  }
  return count === 0 ? 0 : 1;
}

/** The paths are relative to the root of the repository, which becomes the working directory. */
function repositoryFiles() {
  process.chdir(root);
  const paths = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  });
  return paths.split('\0').filter(path => path !== '' && !path.startsWith('scripts/lib/wording/'));
}
