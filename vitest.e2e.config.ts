import { defineConfig } from 'vitest/config';

// One real kube-apiserver at a time on two cores: files run one after another.
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts', 'test/contract/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
