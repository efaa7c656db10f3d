/** Loads the programs behind scripts/fuzz and scripts/soak. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build, ensureInstalled, PreparationError } from './install.mjs';
import { root } from './run.mjs';
import { complain } from './terminal.mjs';

const built = 'services/testkit/dist/load/index.js';

/** Imports the load programs of the testkit. Installs and builds them if there is no build. Returns undefined if that fails. */
export async function loadTestkit() {
  try {
    if (!existsSync(join(root, built))) {
      await ensureInstalled();
      await build();
    }
    return await import(`../../${built}`);
  } catch (error) {
    if (!(error instanceof PreparationError)) throw error;
    complain(`${error.message}\n${error.output}`);
    return undefined;
  }
}
