/** The lint rules: type-aware checks, and which folder may import which. */

import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const refuse = patterns => ({ 'no-restricted-imports': ['error', { patterns }] });

/** Packages may be imported by name only if the package.json declares them. The symlinks of the workspace would allow all of them. */
const declared = {
  protocol: ['@sinclair/typebox'],
  startup: ['@rankd/protocol', '@sinclair/typebox', 'dotenv', 'fastest-levenshtein', 'pino', 'pino-pretty'],
  server: ['@rankd/protocol', '@rankd/startup', '@sinclair/typebox', 'ioredis', 'prom-client', 'string-width'],
  client: ['@rankd/protocol', '@rankd/startup'],
  cli: ['@rankd/bench', '@rankd/client', '@rankd/protocol', '@rankd/startup', 'commander', 'string-width'],
  page: ['@rankd/protocol', 'eventsource-parser', 'preact'],
  testkit: ['@rankd/client', '@rankd/protocol', 'rankd', '@rankd/startup', 'tinyqueue'],
  bench: [],
  simulator: ['@rankd/protocol', 'rankd', '@rankd/client', '@rankd/testkit'],
};
const declaredOnly = service => ({
  regex: `^(?!\\.|node:|(${declared[service].join('|')})(/|$))`,
  message: `not among the dependencies of services/${service}/package.json.`,
});
const declaredPackagesOnly = Object.keys(declared).map(service => ({
  files: [`services/${service}/src/**/*.{ts,tsx}`],
  rules: refuse([declaredOnly(service)]),
}));

/**
 * For each folder of the server the other folders that it may import: the start of their paths. Files outside the folders may
 * import all of them.
 */
const serverFolders = {
  gateway: ['log/ordered-log'],
  log: [],
  cluster: ['log/ordered-log'],
  'redis-stream': ['cluster/stream-', 'redis/'],
  redis: [],
  mirror: ['redis/'],
  observability: [],
};
const foldersApart = Object.entries(serverFolders).map(([folder, allowed]) => ({
  files: [`services/server/src/${folder}/**/*.ts`],
  // These files build a server of a cluster from its parts.
  ignores: [
    'services/server/src/cluster/cluster-server.ts',
    'services/server/src/cluster/incarnation/cluster-server-ports.ts',
  ],
  rules: refuse([
    declaredOnly('server'),
    {
      regex: `^(\\.\\./)+(?!${allowed.join('|') || '$'})(${otherFolders(folder).join('|')})/`,
      message: `${folder}/ may import of the other folders only: ${allowed.join(', ') || 'nothing'}.`,
    },
    { regex: '/(gateway|rank-server)\\.js$', message: 'a part takes a port of what it uses, never the whole.' },
  ]),
}));

function otherFolders(folder) {
  return Object.keys(serverFolders).filter(other => other !== folder);
}

/** What the pure core must not use. A test plants each of these and expects an error. */
const corePatterns = { 'core/*.ts': '^(?!\\./(?!.*\\.\\./))', 'core/*/*.ts': '^(?!\\.{1,2}/(?!.*\\.\\./))' };
const coreIsPure = Object.entries(corePatterns).map(([files, regex]) => ({
  files: [`services/server/src/${files}`],
  rules: {
    ...refuse([{ regex, message: 'core/ imports nothing outside itself: no packages, no node:*, no other folder.' }]),
    'no-restricted-globals': [
      'error',
      { name: 'Date', message: 'core/ has no clock: an entry carries its time.' },
      { name: 'globalThis', message: 'core/ reaches nothing outside its arguments.' },
    ],
    'no-restricted-properties': [
      'error',
      { object: 'Math', property: 'random', message: 'core/ has no randomness: an entry carries its ids.' },
    ],
  },
}));

/** An example imports only what a user can: the public library, packages from npm, and Node. */
const examplesAreOutside = {
  files: ['examples/**/*.mjs'],
  rules: refuse([{ regex: '^(?!\\.|node:|(@rankd/client|ioredis)$)', message: 'not what others can import.' }]),
};

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', 'coverage/', 'services/cli/bundle/', 'tutorial/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['tsconfig.lint.json', 'services/page/tsconfig.json', 'services/page/test/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      eqeqeq: 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        setImmediate: 'readonly',
        AbortController: 'readonly',
        URL: 'readonly',
        fetch: 'readonly',
        AbortSignal: 'readonly',
        Buffer: 'readonly',
      },
    },
  },
  ...declaredPackagesOnly,
  ...foldersApart,
  examplesAreOutside,
  ...coreIsPure,
);
