/** The lines of pages that a test cannot run as they are written, and what it runs instead. */

import { DEVELOPMENT_TOKEN } from '../fleet.js';

/** A line of a page that a test cannot run as it is written. */
export interface Instead {
  /** The start of the line, which is replaced. */
  readonly written: RegExp;
  /** What is run instead. `$1` is the text that the first group matched. */
  readonly run: string;
  readonly why: string;
}

/** All replacements. Every other line of a block marked `sh` runs as it is written. */
export const INSTEAD: readonly Instead[] = [
  {
    written: /^npm ci( && npm run build)?$/,
    run: 'test -d node_modules',
    why: 'asks a registry; continuous integration runs it on a new clone',
  },
  {
    written: /^npm run build$/,
    run: 'test -f services/server/dist/main.js',
    why: 'other tests use the built files at the same time; all tests begin with a build',
  },
  {
    written: /^npm install @rankd\/client$/,
    run: 'grep -q @rankd/client services/client/test/integration/packages/install.test.ts',
    why: 'asks a registry; that test installs the packed package in an empty project',
  },
  {
    written: /^npm (init -y|pkg set type=module|install (rankd @rankd|--save-dev).*)$/,
    run: 'grep -q "npm install" services/client/test/integration/docs/packed-pages.test.ts',
    why: 'makes a project of an empty folder, not of a clone; that test runs these pages in an empty folder',
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
  {
    written: /^docker build .*$/,
    run: 'true',
    why: 'needs an engine; services/server/test/compose builds these images',
  },
  {
    written: /^kubectl .*$/,
    run: 'true',
    why: 'needs a cluster; services/testkit/test/unit/kubernetes-manifests.test.ts checks the manifests',
  },
];

/** Returns the text of a block with its replacements. */
export function runnable(text: string, replacements: readonly Instead[] = INSTEAD): string {
  const runnableLine = (line: string): string => {
    const instead = insteadOf(line, replacements);
    return instead === undefined ? line : line.replace(instead.written, instead.run);
  };
  return text.split('\n').map(runnableLine).join('\n');
}

/** Returns the replacement for a line, if there is one. */
export function insteadOf(line: string, replacements: readonly Instead[] = INSTEAD): Instead | undefined {
  return replacements.find(({ written }) => written.test(line));
}
