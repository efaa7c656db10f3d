import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The checkout's root: the nearest folder from the working directory up that has a package-lock.json. */
export const repository = findRepository(process.cwd());

function findRepository(folder: string): string {
  const above = dirname(folder);
  return existsSync(join(folder, 'package-lock.json')) || above === folder ? folder : findRepository(above);
}
