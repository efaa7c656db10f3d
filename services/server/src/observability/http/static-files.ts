/** The files of the live page. */

import { readFileSync } from 'node:fs';
import type { Answer } from './responses.js';

/** The files that `npm run build` creates from services/page: name, path and content type. */
const files = [
  { file: 'index.html', path: '/', type: 'text/html; charset=utf-8' },
  { file: 'page.js', path: '/page.js', type: 'text/javascript; charset=utf-8' },
  { file: 'page.css', path: '/page.css', type: 'text/css; charset=utf-8' },
  { file: 'page.svg', path: '/page.svg', type: 'image/svg+xml' },
  { file: 'page.woff2', path: '/page.woff2', type: 'font/woff2' },
] as const;

/** The paths of the live page. Its files contain nothing about members. */
export const pagePaths: readonly string[] = files.map(({ path }) => path);

/**
 * Reads the files of the live page from the directory into which it was built. Returns their answers by path. The answer of a missing file
 * is a 503, so that the server starts without the page.
 */
export function readPageFiles(directory: URL): ReadonlyMap<string, Answer> {
  return new Map(files.map(({ file, path, type }) => [path, readAnswer(new URL(file, directory), type)]));
}

function readAnswer(file: URL, type: string): Answer {
  try {
    return { status: 200, type, body: readFileSync(file) };
  } catch {
    return { status: 503, type: 'text/plain; charset=utf-8', body: 'the live page is not built: run npm run build\n' };
  }
}
