import { readFileSync } from 'node:fs';
import type { Answer } from './responses.js';

/** What `npm run build` makes of services/page: its file, where it is served, and as what. */
const files = [
  { file: 'index.html', path: '/', type: 'text/html; charset=utf-8' },
  { file: 'page.js', path: '/page.js', type: 'text/javascript; charset=utf-8' },
  { file: 'page.css', path: '/page.css', type: 'text/css; charset=utf-8' },
  { file: 'page.svg', path: '/page.svg', type: 'image/svg+xml' },
  { file: 'page.woff2', path: '/page.woff2', type: 'font/woff2' },
] as const;

/** The paths of the page's own files: nothing of them tells who is there. */
export const pagePaths: readonly string[] = files.map(({ path }) => path);

/**
 * The live page by path, read once from the directory in which it was built. A file that is not there is answered with 503,
 * and what to do about it: ranks do not wait for a page.
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
