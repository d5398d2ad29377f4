/**
 * Gives the stories of a test file one control plane and one `zen-lead run`, and each story a
 * namespace. Call it at the top of the file.
 */

import { afterAll, beforeAll } from 'vitest';
import { createNamespace, type Namespace } from '../controlPlane/createNamespace.ts';
import type { ControlPlane, ControlPlaneOptions } from '../controlPlane/startControlPlane.ts';
import { useControlPlane } from '../controlPlane/useControlPlane.ts';
import { startZenLead, type ZenLead } from './spawnZenLead.ts';

export interface World {
  controlPlane(): ControlPlane;
  zenLead(): ZenLead;
  /** A new, empty namespace. */
  namespace(): Promise<Namespace>;
}

export function useZenLead(options: ControlPlaneOptions = {}, ...args: readonly string[]): World {
  const controlPlane = useControlPlane(options);
  let zenLead: ZenLead | undefined;
  let namespaces = 0;
  beforeAll(async () => {
    zenLead = await startZenLead(controlPlane(), 'zen-lead', ...args);
  });
  afterAll(async () => {
    await zenLead?.process.stop('SIGKILL');
  });
  return {
    controlPlane,
    zenLead() {
      if (zenLead === undefined) throw new Error('zen-lead is not up: call this inside of a test or hook');
      return zenLead;
    },
    namespace() {
      namespaces += 1;
      return createNamespace(controlPlane(), `story-${namespaces}`);
    },
  };
}
