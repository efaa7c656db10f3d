// Packs the server of an earlier commit into one file, with which tests roll servers between two releases:
//   node scripts/pack-release.mjs COMMIT
// Checks the commit out, installs its dependencies, bundles and compresses its server.
// The clone must contain the commit: in a shallow clone run `git fetch --unshallow` first.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'esbuild';
import { licencesOf } from '../services/startup/bundle-program.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'services/server/test/fixtures/releases');
const [commit] = process.argv.slice(2);
if (commit === undefined) {
  process.stderr.write('Usage: node scripts/pack-release.mjs COMMIT\n');
  process.exit(2);
}

const source = mkdtempSync(join(tmpdir(), 'rankd-release-'));
try {
  const archive = execFileSync('git', ['archive', commit], { cwd: root, maxBuffer: 256 * 1024 * 1024 });
  execFileSync('tar', ['-x', '-C', source], { input: archive });
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: source, stdio: 'inherit' });
  const bundle = await bundleServer();
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `server-${commit}.mjs.br`);
  const packed = brotliCompressSync(bundle, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  writeFileSync(path, packed);
  process.stdout.write(`${path}: ${bundle.length} bytes, ${packed.length} compressed\n`);
} finally {
  rmSync(source, { recursive: true, force: true });
}

/** Returns the bundle of the server, with the licences of the packages in it. */
async function bundleServer() {
  const { outputFiles, metafile } = await build({
    absWorkingDir: source,
    entryPoints: ['services/server/src/main.ts'],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    // The packages of the release are not built, so they are bundled from their sources.
    alias: Object.fromEntries(
      ['protocol', 'startup'].map(name => [`@rankd/${name}`, `./services/${name}/src/index.ts`]),
    ),
    // Bundled CommonJS packages load Node's modules with `require`.
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module';\nconst require = makeRequire(import.meta.url);",
    },
  });
  const licences = licencesOf(metafile, source).replaceAll('*/', '* /');
  return Buffer.from(`${outputFiles[0].text}\n/*\n${licences}\n*/\n`);
}
