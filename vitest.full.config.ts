import { defineConfig } from 'vitest/config';

/** The full-size network: minutes and gigabytes, so it runs on its own (`npm run test:full`) and in CI. */
export default defineConfig({
  test: { include: ['test/**/*.full.ts'], testTimeout: 900_000, hookTimeout: 900_000, pool: 'forks', maxWorkers: 1 },
});
