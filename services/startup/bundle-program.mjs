// Bundles a program: one file with everything that it imports, which starts several times faster than its modules, and the licences of the
// bundled packages.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';

/**
 * Bundles the program `entry` into `outfile`, and writes LICENSES.txt beside it. Relative paths are relative to `folder`, which is the
 * absolute path of a package. `format` is esm or cjs. In a CommonJS bundle `import.meta.url` is the URL of the executable.
 */
export async function bundleProgram({ folder, entry, outfile, format = 'esm' }) {
  const { metafile } = await build({
    absWorkingDir: folder,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format,
    ...moduleFormats[format],
    metafile: true,
    logLevel: 'warning',
  });
  writeFileSync(join(resolve(folder, dirname(outfile)), 'LICENSES.txt'), licencesOf(metafile, folder));
}

const moduleFormats = {
  esm: {
    // Bundled CommonJS packages load Node's modules with `require`.
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module';\nconst require = makeRequire(import.meta.url);",
    },
  },
  cjs: {
    define: { 'import.meta.url': 'executableUrl' },
    banner: { js: "const executableUrl = require('node:url').pathToFileURL(process.execPath).href;" },
  },
};

/** Returns the licences of the packages in a bundle as one text. `folder` is the folder from which esbuild bundled. */
export function licencesOf({ inputs }, folder) {
  const packages = Object.keys(inputs)
    .map(packageOf)
    .filter(path => path !== undefined);
  const licences = [...new Set(packages)].map(path => licenceOf(join(folder, path)));
  // A package may be installed at two paths.
  return [...new Set(licences)].join('\n---\n\n');
}

/** Returns the folder of the package that a file belongs to. Undefined for a file of rankd. */
function packageOf(file) {
  const folder = 'node_modules/';
  const start = file.lastIndexOf(folder) + folder.length;
  if (start < folder.length) return undefined;
  const name = file.slice(start).split('/', file[start] === '@' ? 2 : 1);
  return file.slice(0, start) + name.join('/');
}

function licenceOf(folder) {
  const file = readdirSync(folder).find(name => /^licen[cs]e/i.test(name));
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return `${name} ${version}\n\n${file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim()}\n`;
}
