import { DEVELOPMENT_TOKEN } from '../fleet.js';

/** A line of pages that a test cannot run as it stands. */
export interface Instead {
  /** What of the line is replaced, from its beginning. */
  readonly written: RegExp;
  /** What is run in its place; `$1` is what the first group matched. */
  readonly run: string;
  readonly why: string;
}

/** All of them. Every other line of a block marked `sh` runs as it stands. */
export const INSTEAD: readonly Instead[] = [
  {
    written: /^npm ci( && npm run build)?$/,
    run: 'test -d node_modules',
    why: 'asks a registry; continuous integration begins with it, on a bare clone',
  },
  {
    written: /^npm run build$/,
    run: 'test -f services/server/dist/main.js',
    why: 'other tests use what is built meanwhile; all tests begin with it',
  },
  {
    written: /^npm install @rankd\/client$/,
    run: 'grep -q @rankd/client services/client/test/integration/packages/install.test.ts',
    why: 'asks a registry; that test installs the packed package in an empty project',
  },
  {
    written: /^node examples\/(\w+)\/run\.mjs$/,
    run: "grep -q 'examples/$1' services/client/test/integration/examples/*.test.ts",
    why: 'takes seconds; those tests play each example to its end and judge what it says',
  },
  {
    written: /^scripts\/up\b/,
    run: 'node services/client/test/integration/programs/up-as-built.mjs',
    why: 'builds first, and takes Docker where there is an engine; this is the rest of it, without Docker',
  },
  {
    written: /^docker compose exec server rankctl\b/,
    run: `RANKD_ADMIN_TOKEN=${DEVELOPMENT_TOKEN} npx --no-install rankctl`,
    why: 'needs an engine; the same rankctl is asked of the server that the page has started without Docker',
  },
  {
    written: /^docker compose .*\bup\b.*$/,
    run: 'true',
    why: 'needs an engine; services/server/test/compose runs these, here its files and names are looked up',
  },
];

/** The block as it is run. */
export function runnable(text: string): string {
  return text.split('\n').map(runnableLine).join('\n');
}

/** The row of the table that holds for a line, if one does. */
export function insteadOf(line: string): Instead | undefined {
  return INSTEAD.find(({ written }) => written.test(line));
}

function runnableLine(line: string): string {
  const instead = insteadOf(line);
  return instead === undefined ? line : line.replace(instead.written, instead.run);
}
