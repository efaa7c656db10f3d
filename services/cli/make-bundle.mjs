// Bundles rankctl for the npm package and the image: one file with everything that it imports, and the licences of those packages.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = path => fileURLToPath(new URL(path, import.meta.url));

const { metafile } = await build({
  absWorkingDir: here('.'),
  entryPoints: ['dist/main.js'],
  outfile: 'bundle/main.js',
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  // Bundled CommonJS packages load Node's modules with `require`.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module';\nconst require = makeRequire(import.meta.url);",
  },
  metafile: true,
});

const packages = Object.keys(metafile.inputs).map(packageOf);
const licences = [...new Set(packages)]
  .filter(path => path !== undefined)
  .map(path => {
    const folder = here(path);
    const file = readdirSync(folder).find(name => /^licen[cs]e/i.test(name));
    const { name, version } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    return `${name} ${version}\n\n${file === undefined ? '' : readFileSync(`${folder}/${file}`, 'utf8').trim()}\n`;
  });
// A package may be installed at two paths.
writeFileSync(here('bundle/LICENSES.txt'), [...new Set(licences)].join('\n---\n\n'));

/** Returns the folder of the package that a file belongs to. Undefined for a file of rankd. */
function packageOf(file) {
  const folder = 'node_modules/';
  const start = file.lastIndexOf(folder) + folder.length;
  if (start < folder.length) return undefined;
  const name = file.slice(start).split('/', file[start] === '@' ? 2 : 1);
  return file.slice(0, start) + name.join('/');
}
