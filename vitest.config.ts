import { defineConfig } from 'vitest/config';

const shared = { deps: { interopDefault: false } }; // import CommonJS packages as node does

/**
 * Six projects, by what a test needs: `unit` nothing, `wire` loopback sockets, `git` git and ssh-keygen,
 * `e2e` a real broker, issuer and clients, which the tests start themselves, `clients` those and the clients of the
 * matrix, `forges` a real forge. `npm test` leaves the last two to `npm run test:clients` and `npm run test:forges`.
 */
export default defineConfig({
  test: {
    ...shared,
    globalSetup: ['test/support/leak-check.ts'],
    reporters: ['default', './test/clients/matrix-reporter.ts', './test/support/closing-line.ts'],
    coverage: {
      provider: 'v8',
      include: ['cli/**', 'core/**', 'gateway/**'],
      exclude: ['core/schema/**', '**/generated/**'],
    },
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['test/*.test.ts', 'test/{core,cli,gateway,scenarios,contract}/**/*.test.ts'],
          exclude: ['**/*.{wire,git,e2e,forges}.test.ts'],
        },
      },
      { test: { ...shared, name: 'wire', include: ['test/**/*.wire.test.ts'], testTimeout: 20_000 } },
      { test: { ...shared, name: 'git', include: ['test/**/*.git.test.ts'], testTimeout: 60_000, maxWorkers: 3 } },
      {
        test: {
          ...shared,
          name: 'e2e',
          include: ['test/e2e/**/*.e2e.test.ts'],
          globalSetup: ['test/support/e2e-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          ...shared,
          name: 'forges',
          include: ['test/forges/**/*.forges.test.ts'],
          globalSetup: ['test/support/gitea/setup.ts'],
          maxWorkers: 3, // each file has a server of its own
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          ...shared,
          name: 'clients',
          include: ['test/clients/*.clients.test.ts'],
          globalSetup: ['test/clients/setup.ts'],
          maxWorkers: 3, // they mostly wait
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
