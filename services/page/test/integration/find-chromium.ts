/** Finds the browser for the page's tests. */

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const applications = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/**
 * Returns the path of Chromium on this machine.
 * @throws Error that says how to install it, if it is missing
 */
export function findChromium(path = process.env['PATH'] ?? ''): string {
  const inPath = path.split(delimiter).flatMap(directory => names.map(name => join(directory, name)));
  const found = [...inPath, ...applications].find(isProgram);
  if (found !== undefined) return found;
  throw new Error('these tests need a Chromium: apt-get install chromium, or brew install --cask chromium');
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
