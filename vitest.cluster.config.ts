import { defineConfig } from 'vitest/config';
import { findClusterAssets } from './test/cluster/clusterAssets.ts';

const assets = findClusterAssets(process.env);
const canRun = typeof assets !== 'string';
if (!canRun) console.log(assets);

export default defineConfig({
  test: {
    include: canRun ? ['test/cluster/**/*.test.ts'] : [],
    passWithNoTests: true,
    ...(canRun && { globalSetup: ['test/cluster/setup.ts'] }),
    // One cluster, and stories that kill what others would need.
    fileParallelism: false,
    // A story shares two cores with a whole control plane. CI tries one a second time, and the
    // report names it; by hand it has to pass at once.
    retry: process.env['CI'] === undefined ? 0 : 1,
    // A story waits for kubelets, probes and rollouts.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 30_000,
    // As in vitest.config.ts: what the suites share waits for as long here.
    expect: { poll: { timeout: 30_000 } },
    reporters: ['verbose'],
  },
});
