import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/package/**/*.test.ts'],
    // One packs, bundles and installs, which takes longest.
    testTimeout: 60_000,
    hookTimeout: 300_000,
    // As in vitest.config.ts: what the suites share waits for as long here.
    expect: { poll: { timeout: 30_000 } },
    reporters: ['verbose'],
  },
});
