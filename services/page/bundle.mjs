// Builds the files of the live page from src/ and static/ into dist/, from which the server serves them. `npm run build` calls it.
import { cp, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));

await build({
  absWorkingDir: here,
  entryPoints: [
    { in: 'src/main.tsx', out: 'page' },
    { in: 'static/page.css', out: 'page' },
  ],
  outdir: 'dist',
  bundle: true,
  minify: true,
  format: 'esm',
  // The first versions that support everything the page uses, such as light-dark() in its style.
  target: ['chrome123', 'firefox124', 'safari17.5'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.woff2': 'copy' },
  assetNames: 'page',
  legalComments: 'inline',
  logLevel: 'warning',
});
for (const file of ['index.html', 'page.svg']) await cp(`${here}static/${file}`, `${here}dist/${file}`);

// The bundle contains packages of others, so their licences are added.
const { resolve } = createRequire(import.meta.url);
const { devDependencies } = JSON.parse(await readFile(`${here}package.json`, 'utf8'));
const bundled = Object.keys(devDependencies).filter(name => !name.startsWith('@rankd/'));
const licences = bundled.map(async name => {
  const path = resolve(`${name}/package.json`).replace(/package\.json$/, 'LICENSE');
  return `${name}\n\n${await readFile(path, 'utf8')}`;
});
await writeFile(`${here}dist/licences.txt`, (await Promise.all(licences)).join('\n\n'));
