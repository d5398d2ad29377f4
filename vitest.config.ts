import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{unit,contract,integration,simulation}/**/*.test.ts'],
    testTimeout: 20_000,
    coverage: { provider: 'v8', include: ['functions/**', 'bridge/**', 'api/**', 'apiserver/**', 'lib/**', 'cli/**'] },
  },
});
