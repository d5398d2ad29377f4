/**
 * Lists the values of the rendered examples in deploy/helm/rendered, by file name.
 */

import { resolve } from 'node:path';

export const rendered: Readonly<Record<string, readonly string[]>> = {
  deployments: [],
  knative: ['--set', 'mode=knative'],
  one: ['--set', 'mode=one'],
  namespaced: ['--set', 'namespaces={team-a,team-b}'],
  'cluster-wide': ['--set', 'clusterWide=true'],
  unguarded: ['--set', 'guard.enabled=false'],
  answering: ['--set', 'api.enabled=true', '--set', 'namespaces={team-a,team-b}'],
  claiming: ['--set', 'api.enabled=true', '--set', 'api.manualLocks.enabled=true'],
  configured: ['--values', resolve(import.meta.dirname, '../../deploy/helm/examples/configured.yaml')],
  demoting: ['--set', 'onDemote.enabled=true'],
  scaling: ['--set', 'scaleDown.enabled=true'],
  'scaling-in-one': ['--set', 'scaleDown.enabled=true', '--set', 'mode=one'],
  reported: ['--set', 'verdicts.enabled=true'],
  'node-watching': ['--set', 'nodes.enabled=true', '--set', 'nodes.checkPort=10250'],
  flows: ['--set', 'flow.enabled=true', '--set', 'clusterWide=true'],
  'flows-knative': ['--set', 'flow.enabled=true', '--set', 'mode=knative', '--set', 'namespaces={team-a}'],
  'flows-checked': [
    ...['--set', 'flow.enabled=true', '--set', 'clusterWide=true', '--set', 'flow.webhooks.enabled=true'],
    ...['--set', 'flow.eventsSink=http://listener.flows'],
  ],
  'flows-cert-manager': [
    ...['--set', 'flow.enabled=true', '--set', 'namespaces={team-a}', '--set', 'flow.webhooks.enabled=true'],
    ...['--set', 'flow.webhooks.certificates=cert-manager', '--set', 'flow.webhooks.failurePolicy=Fail'],
  ],
  'flows-configured': ['--values', resolve(import.meta.dirname, '../../deploy/helm/examples/flows-configured.yaml')],
  traced: ['--values', resolve(import.meta.dirname, '../../deploy/helm/examples/traced.yaml')],
};
