import { defineConfig } from 'vitest/config';

/** `vitest run --config e2e/vitest.config.ts`: a started Pitot and a real browser, one after the other. */
export default defineConfig({
  test: {
    include: ['e2e/**/*.e2e.test.ts'],
    root: new URL('..', import.meta.url).pathname,
    fileParallelism: false,
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
