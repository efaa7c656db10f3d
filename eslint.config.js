import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** What the pure core may not reach for; a test plants each of these and expects lint to refuse it. */
const coreIsPure = {
  files: ['services/server/src/core/**/*.ts'],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: '^(?!\\./(?!.*\\.\\./))',
            message: 'core/ imports nothing outside itself: no packages, no node:*, no other room.',
          },
        ],
      },
    ],
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
};

/** One room of the server never imports another; rank-server.ts joins them. */
const roomsApart = ['gateway', 'mirror', 'log', 'observability'].map(room => ({
  files: [`services/server/src/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: ['gateway', 'mirror', 'log', 'observability']
          .filter(other => other !== room)
          .map(other => ({
            // The port of the log is what the gateway is made against; which log it is, it does not know.
            regex: `^(\\.\\./)+${other}/(?!ordered-log)`,
            message: `${room}/ and ${other}/ meet only in rank-server.ts.`,
          })),
      },
    ],
  },
}));

/** A package by name only where its package.json declares it: the workspace's symlinks would let any through. */
const declared = {
  protocol: ['@sinclair/typebox'],
  startup: ['@rankd/protocol', '@sinclair/typebox', 'dotenv', 'pino', 'pino-pretty'],
  server: ['@rankd/protocol', '@rankd/startup', '@sinclair/typebox', 'ioredis', 'prom-client'],
  client: ['@rankd/protocol', '@rankd/startup'],
  cli: ['@rankd/bench', '@rankd/client', '@rankd/protocol', '@rankd/startup', 'commander'],
  page: ['@rankd/protocol', 'preact'],
  testkit: [],
  bench: [],
  simulator: ['@rankd/protocol', '@rankd/server', '@rankd/client', '@rankd/testkit'],
};
const declaredPackagesOnly = Object.entries(declared).map(([service, packages]) => ({
  files: ['*.ts', '*.tsx', 'container/*.ts', 'verbs/*.ts', 'completion/*.ts'].map(
    files => `services/${service}/src/${files}`,
  ),
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^(?!\\.|node:|(${packages.join('|')})(/|$))`,
            message: `not among the dependencies of services/${service}/package.json.`,
          },
        ],
      },
    ],
  },
}));

/** An example is what anybody can write: the public library, packages from outside, Node. */
const examplesAreOutside = {
  files: ['examples/**/*.mjs'],
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: [{ regex: '^(?!\\.|node:|(@rankd/client|ioredis)$)', message: 'not what others can import.' }] },
    ],
  },
};

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', 'coverage/', 'services/cli/bundle/', 'tutorial/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        project: [
          'services/*/tsconfig.json',
          'services/server/src/core/tsconfig.json',
          'services/page/test/tsconfig.json',
          'tsconfig.test.json',
        ],
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
  ...roomsApart,
  examplesAreOutside,
  coreIsPure,
);
