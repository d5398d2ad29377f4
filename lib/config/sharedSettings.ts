/**
 * The settings that several commands share, by what they are about. The configuration page describes each group once.
 */

import { debugSettings } from './debugSettings.ts';
import { settings } from './settings.ts';

export const clusterSettings = {
  kubeconfig: settings.kubeconfig,
  kubeconfigVariable: settings.kubeconfigVariable,
  kubernetesServiceHost: settings.kubernetesServiceHost,
  kubernetesServicePort: settings.kubernetesServicePort,
  home: settings.home,
} as const;

export const leaseSettings = {
  leaseName: settings.leaseName,
  leaseNamespace: settings.leaseNamespace,
  noLease: settings.noLease,
} as const;

export const recordingSettings = {
  record: debugSettings.record,
  recordServices: debugSettings.recordServices,
  recordMaxMib: debugSettings.recordMaxMib,
  recordFiles: debugSettings.recordFiles,
} as const;

/** Of the commands that change an annotation and wait for the effect. */
export const editSettings = {
  service: debugSettings.service,
  dryRun: debugSettings.dryRun,
  timeoutSeconds: debugSettings.timeoutSeconds,
} as const;
