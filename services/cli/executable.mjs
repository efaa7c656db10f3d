// Makes rankctl one executable file that needs no Node:
//   node services/cli/executable.mjs [FOLDER]
// FOLDER (default: services/cli/executable) receives `rankctl` and LICENSES.txt. The executable is a copy of the Node that runs this file,
// with the program inside. Use Node 24: Node 26 needs libatomic.so.1, which slim images lack.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleProgram } from '../startup/bundle-program.mjs';

const folder = fileURLToPath(new URL('.', import.meta.url));
const output = resolve(process.argv[2] ?? join(folder, 'executable'));
const executable = join(output, 'rankctl');
const bundle = join(output, 'rankctl.cjs');
const blob = join(output, 'rankctl.blob');
const config = join(output, 'sea-config.json');

mkdirSync(output, { recursive: true });
await bundleProgram({ folder, entry: 'dist/main.js', outfile: bundle, format: 'cjs' });
writeFileSync(
  config,
  JSON.stringify({
    main: bundle,
    output: blob,
    disableExperimentalSEAWarning: true,
    // It halves the time to start.
    useCodeCache: true,
    // NODE_OPTIONS is for the program that rankctl starts (R-PROG-1).
    execArgvExtension: 'none',
  }),
);
runNode('--experimental-sea-config', config);
copyFileSync(process.execPath, executable);
chmodSync(executable, 0o755);
const postject = createRequire(import.meta.url).resolve('postject/dist/cli.js');
runNode(
  postject,
  executable,
  'NODE_SEA_BLOB',
  blob,
  '--sentinel-fuse',
  'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2',
);
const nodeLicence = join(dirname(process.execPath), '../LICENSE');
if (existsSync(nodeLicence)) {
  writeFileSync(
    join(output, 'LICENSES.txt'),
    `\n---\n\nNode.js ${process.version}\n\n${readFileSync(nodeLicence, 'utf8')}`,
    {
      flag: 'a',
    },
  );
}
for (const path of [bundle, blob, config]) rmSync(path);

/** Runs Node. Its output is part of the error if it fails: postject also prints warnings that mean nothing for Node's own file. */
function runNode(...args) {
  execFileSync(process.execPath, args, { stdio: 'pipe' });
}
