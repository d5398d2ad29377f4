import { defineConfig } from 'vitest/config';
import { findAssets, missingAssetsLine } from './test/support/controlPlane/findAssets.ts';

const hasAssets = findAssets(process.env) !== null;
if (!hasAssets) console.log(missingAssetsLine);

export default defineConfig({
  test: {
    include: hasAssets ? ['test/e2e/**/*.test.ts', 'test/contract/**/*.test.ts'] : [],
    passWithNoTests: true,
    // test/contract runs on the embedded API server otherwise.
    env: { CONTRACT_TARGET: 'real' },
    // One real kube-apiserver at a time on two cores: files run one after another.
    fileParallelism: false,
    // A story shares two cores with a whole control plane. CI tries one a second time, and the
    // report names it; by hand it has to pass at once.
    retry: process.env['CI'] === undefined ? 0 : 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Milliseconds on an idle machine; the deadline is for a busy one.
    expect: { poll: { timeout: 20_000, interval: 50 } },
  },
});
