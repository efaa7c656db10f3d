/** Compiles tests for jest. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transformSync, version } from 'esbuild';

/** esbuild removes the types without checking them: `npm run typecheck` checks them. */
const options = {
  loader: 'ts',
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
  // jest runs CommonJS in a context without a loader for a native import().
  supported: { 'dynamic-import': false },
  sourcemap: 'both',
};

/** A file is transformed again if its text, its path, esbuild or this file changes. */
const transformedBy = [version, readFileSync(fileURLToPath(import.meta.url))];

export default {
  process(sourceText, sourcePath) {
    const { code, map } = transformSync(sourceText, { ...options, sourcefile: sourcePath });
    return { code, map };
  },

  getCacheKey(sourceText, sourcePath, { configString }) {
    const hash = createHash('sha256');
    for (const part of [...transformedBy, configString, sourcePath, sourceText]) hash.update(part).update('\0');
    return hash.digest('hex');
  },
};
