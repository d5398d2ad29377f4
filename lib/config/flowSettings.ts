/**
 * The settings of bridge and functions that are about flows in zen-flow, and about Services and
 * leaders in zen-lead.
 */

import { bridgeLimitSettings, functionLimitSettings } from './limitSettings.ts';
import { serverSettings } from './serverSettings.ts';
import type { Settings } from './setting.ts';
import { deliverySettings } from './sharedSettings.ts';

export const flowDeliverySettings = {
  ...deliverySettings,
  resyncIntervalMs: {
    ...serverSettings.resyncIntervalMs,
    meaning:
      'How often every flow that runs is reconciled again, spread over the interval. One that waits for a person is after ten times as long.',
  },
} as const satisfies Settings;

export const flowBridgeLimitSettings = {
  ...bridgeLimitSettings,
  minInFlight: {
    ...bridgeLimitSettings.minInFlight,
    why: 'With fewer, one flow whose API calls hang would hold up all others.',
  },
  maxInFlight: {
    ...bridgeLimitSettings.maxInFlight,
    meaning: 'Events in flight at most, each about another flow. A controller calls this MaxConcurrentReconciles.',
  },
  queueLimit: {
    ...bridgeLimitSettings.queueLimit,
    unit: 'flows',
    meaning: 'Flows that may wait for a reconcile. What comes beyond it waits for the resync.',
    why: 'It is more than any cluster runs at once; a flow that waits takes about 1 KiB.',
  },
  breakerFailures: {
    ...bridgeLimitSettings.breakerFailures,
    meaning: 'Failures in a row, of whatever flows, after which the bridge sends one probe at a time.',
  },
  backoffMinMs: {
    ...bridgeLimitSettings.backoffMinMs,
    why: 'A replica that restarts is gone for about as long.',
  },
} as const satisfies Settings;

export const flowFunctionLimitSettings = {
  ...functionLimitSettings,
  maxHints: {
    ...functionLimitSettings.maxHints,
    unit: 'flows',
    meaning: 'Flows whose hints are served at once. For one more the answer is 429.',
  },
} as const satisfies Settings;

export const flowStatusHosts = {
  ...serverSettings.statusHosts,
  meaning: serverSettings.statusHosts.meaning.replace('reads leaders', 'reads flows'),
} as const;
