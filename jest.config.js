/** The test projects: unit, integration and compose. */

/** Packages without a CommonJS form. They are compiled like the tests. */
const moduleOnlyPackages = ['tinyqueue', 'string-width', 'strip-ansi', 'ansi-regex', 'get-east-asian-width'];

/** esbuild compiles tests to CommonJS. They read the sources; integration and compose tests start the *built* programs. */
const shared = {
  testEnvironment: 'node',
  transform: { '^.+\\.[jt]s$': '<rootDir>/scripts/lib/esbuild-transformer.mjs' },
  transformIgnorePatterns: [`/node_modules/(?!(${moduleOnlyPackages.join('|')})/)`],
  moduleNameMapper: {
    '^@rankd/(protocol|startup|client|cli|testkit|bench)$': '<rootDir>/services/$1/src/index.ts',
    '^@rankd/client/observer$': '<rootDir>/services/client/src/observer/index.ts',
    '^@rankd/testkit/in-process$': '<rootDir>/services/testkit/src/in-process/index.ts',
    '^rankd/dist/(.*)\\.js$': '<rootDir>/services/server/src/$1.ts',
    '^@rankd/client/internal$': '<rootDir>/services/client/src/internal.ts',
    '^@rankd/startup/(.*)$': '<rootDir>/services/startup/src/$1.ts',
    '^@rankd/protocol/(departure-reasons|on-abort|printable)$': '<rootDir>/services/protocol/src/$1.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/services/[^/]+/dist/'],
};

/** @type {import('jest').Config} */
export default {
  maxWorkers: '100%',
  testSequencer: './scripts/lib/longest-first.mjs',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/services/*/test/unit/**/*.test.ts'],
    },
    {
      ...shared,
      displayName: 'integration',
      testMatch: ['<rootDir>/services/*/test/integration/**/*.test.ts'],
    },
    { ...shared, displayName: 'compose', testMatch: ['<rootDir>/services/*/test/compose/**/*.test.ts'] },
  ],
};
