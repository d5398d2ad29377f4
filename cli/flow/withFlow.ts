/**
 * Reads one flow of a cluster for a command, and writes what a person asks of it.
 *
 * Guarantees: a write carries uid and version of the flow that was read. A flow that is not there,
 * and a step that it lacks, are errors that say what there is.
 */

import { codeOf, ZenLeadError } from '../../lib/errors.ts';
import { parseJobFlow } from '../../lib/flow/objects/parseJobFlow.ts';
import type { JsonObject, Step } from '../../lib/flow/spec/flowSpec.ts';
import type { FlowView } from '../../lib/flow/state/snapshot.ts';
import type { ClusterAccess } from '../../lib/kube/clusterAccess.ts';
import { jobFlows, type KubeApi } from '../../lib/kube/kubeApi.ts';
import { silentLogger } from '../../lib/telemetry/logger.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { noTracing } from '../../lib/telemetry/tracing.ts';
import { type ClusterSettings, connectTo, loadAccess } from '../connect.ts';

export interface FlowValues extends ClusterSettings {
  readonly namespace: string | undefined;
}

export interface FlowSession {
  readonly api: KubeApi;
  readonly access: ClusterAccess;
  readonly namespace: string;
  readonly signal: AbortSignal;
}

export async function withFlows(values: FlowValues, run: (session: FlowSession) => Promise<void>): Promise<void> {
  const access = await loadAccess(values);
  const api = connectTo(access, createMetrics(), silentLogger, noTracing);
  const namespace = values.namespace ?? access.namespace ?? 'default';
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once('SIGINT', interrupt);
  try {
    await run({ api, access, namespace, signal: interrupted.signal });
  } finally {
    process.off('SIGINT', interrupt);
    await api.close();
  }
}

export async function readFlowView({ api, namespace, signal }: FlowSession, name: string): Promise<FlowView> {
  try {
    return parseJobFlow(await api.get(jobFlows, namespace, name, signal));
  } catch (error) {
    if (codeOf(error) !== 'KUBE_NOT_FOUND') throw error;
    throw new ZenLeadError('KUBE_NOT_FOUND', `there is no flow ${name} in namespace ${namespace}`, { retry: 'never' });
  }
}

export function findStep({ name, spec }: FlowView, step: string): Step {
  const all = [...spec.steps, ...spec.finally];
  const found = all.find((each) => each.name === step);
  if (found !== undefined) return found;
  const known = all.map((each) => each.name).slice(0, 20);
  throw refused(`flow ${name} has no step "${step}"; those are ${known.join(', ')}`);
}

export async function patchFlow(
  { api, namespace, signal }: FlowSession,
  { name, uid, resourceVersion }: FlowView,
  change: { readonly annotations?: JsonObject; readonly spec?: JsonObject },
): Promise<void> {
  const { annotations, spec } = change;
  const metadata = { uid, resourceVersion, ...(annotations !== undefined && { annotations }) };
  await api.mergePatch(jobFlows, namespace, name, { metadata, ...(spec !== undefined && { spec }) }, signal);
}

export function refused(message: string): ZenLeadError {
  return new ZenLeadError('REFUSED', message, { retry: 'never' });
}
