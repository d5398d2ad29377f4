/**
 * The settings that several commands share, by what they are about. The configuration page
 * describes each group once.
 */

import { debugSettings } from './debugSettings.ts';
import { leaseLimitSettings } from './limitSettings.ts';
import { serverSettings } from './serverSettings.ts';

export const clusterSettings = {
  kubeconfig: serverSettings.kubeconfig,
  kubeconfigVariable: serverSettings.kubeconfigVariable,
  kubernetesServiceHost: serverSettings.kubernetesServiceHost,
  kubernetesServicePort: serverSettings.kubernetesServicePort,
  home: serverSettings.home,
} as const;

export const leaseSettings = {
  leaseName: serverSettings.leaseName,
  leaseNamespace: serverSettings.leaseNamespace,
  noLease: serverSettings.noLease,
  ...leaseLimitSettings,
} as const;

export const deliverySettings = {
  hintTimeoutMs: serverSettings.hintTimeoutMs,
  resyncIntervalMs: serverSettings.resyncIntervalMs,
  deadLetterSink: serverSettings.deadLetterSink,
} as const;

export const probeSettings = {
  probeHostNetwork: serverSettings.probeHostNetwork,
  maxProbesPerSecond: serverSettings.maxProbesPerSecond,
  probeThreads: serverSettings.probeThreads,
  nodeCheckPort: serverSettings.nodeCheckPort,
  nodeUnfitConditions: serverSettings.nodeUnfitConditions,
} as const;

/** Of what serves the api. */
export const apiSettings = {
  apiAuth: serverSettings.apiAuth,
  audience: serverSettings.apiAudience,
  tlsCert: serverSettings.tlsCert,
  tlsKey: serverSettings.tlsKey,
  maxClockSkew: serverSettings.maxClockSkew,
  manualLocks: serverSettings.manualLocks,
} as const;

export const recordingSettings = {
  record: debugSettings.record,
  recordServices: debugSettings.recordServices,
  recordMaxMib: debugSettings.recordMaxMib,
  recordFiles: debugSettings.recordFiles,
} as const;

/** Of `record`, apart from what it records. */
export const recorderSettings = {
  maxMib: { ...debugSettings.recordMaxMib, flag: 'max-mib' },
  files: { ...debugSettings.recordFiles, flag: 'files' },
  ...clusterSettings,
  namespaces: serverSettings.namespaces,
  logLevel: { ...serverSettings.logLevel, default: 'warn', why: 'The recording is to be read, and not the log.' },
} as const;

/** Of the commands that change an annotation and wait for the effect. */
export const editSettings = {
  service: debugSettings.election,
  dryRun: debugSettings.dryRun,
  timeoutSeconds: debugSettings.timeoutSeconds,
} as const;
