/**
 * How a command finds its cluster: the rows that every command with a cluster takes.
 */

import { settings } from './settings.ts';

export const clusterSettings = {
  kubeconfig: settings.kubeconfig,
  kubeconfigVariable: settings.kubeconfigVariable,
  kubernetesServiceHost: settings.kubernetesServiceHost,
  kubernetesServicePort: settings.kubernetesServicePort,
  home: settings.home,
} as const;
