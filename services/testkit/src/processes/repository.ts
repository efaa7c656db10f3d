import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The root directory of the checkout: the nearest directory with a package-lock.json, from the working directory upwards. */
export const repository = findRepository(process.cwd());

function findRepository(folder: string): string {
  const above = dirname(folder);
  return existsSync(join(folder, 'package-lock.json')) || above === folder ? folder : findRepository(above);
}
