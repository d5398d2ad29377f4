/**
 * Says why a pod cannot lead, as a phrase for people.
 */

import type { Unfit } from '../../lib/selection/fitness.ts';

export const unfitText: Readonly<Record<Unfit, string>> = {
  terminating: 'is being deleted',
  finished: 'has ended (Succeeded or Failed)',
  notSelected: 'is not selected: it lacks a label of the Service’s selector',
  demoted: 'it was left because it did not work, and is being ended (zen-lead.io/on-demote)',
  taken: 'leads another election or slot of the Service',
  excluded: 'is excluded by zen-lead.io/exclude',
  withoutAddress: 'has no IP of the Service’s first family',
  notReady: 'is not Ready',
  portUnresolved: 'lacks a port that the Service names (ports-mode strict)',
  reported: 'is reported unfit',
  unhealthy: 'fails its health check',
};
