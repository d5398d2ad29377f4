/**
 * Gives the stories of one test file a control plane, and keeps its logs when a story failed.
 */

import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './startControlPlane.ts';

/** Returns a function that works only inside tests and hooks. */
export function useControlPlane(options: ControlPlaneOptions = {}): () => ControlPlane {
  let controlPlane: ControlPlane | undefined;
  let failed = false;
  beforeAll(async () => {
    controlPlane = await startControlPlane(options);
  });
  beforeEach(({ onTestFailed }) => {
    onTestFailed(() => {
      failed = true;
    });
  });
  afterAll(async () => {
    await controlPlane?.stop({ keepLogs: failed });
  });
  return () => {
    if (controlPlane === undefined) throw new Error('the control plane is not up: call this inside of a test or hook');
    return controlPlane;
  };
}
