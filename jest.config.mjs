/** Sources are tested as they are: swc strips the types, the `source` condition finds the workspaces without a build. */
const common = {
  testEnvironment: '<rootDir>/test/support/fast-environment.cjs',
  testEnvironmentOptions: { customExportConditions: ['source', 'node'] },
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } }],
  },
};

export default {
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/packages/**/*.test.ts',
        '<rootDir>/apps/**/*.test.ts',
        '<rootDir>/test/contract/**/*.test.ts',
      ],
    },
    { ...common, displayName: 'integration', testMatch: ['<rootDir>/test/{integration,faults}/**/*.test.ts'] },
    { ...common, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.test.ts'] },
  ],
  testTimeout: 60_000,
  // Tests start processes that encode. With more at once, those fail now and then that give a process a deadline.
  maxWorkers: 2,
  testSequencer: './test/support/slow-first.cjs',
};
