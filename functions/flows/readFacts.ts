/**
 * Reads what a decision about a flow has asked for, beside flow, record and Jobs.
 *
 * Guarantees: no Secret is ever read. What is longer than a parameter may be counts as missing, and
 * is not kept.
 */

import { attemptKey, configMapKey, type Facts, noFacts, type Read } from '../../lib/flow/state/facts.ts';
import type { FlowView } from '../../lib/flow/state/snapshot.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import { readConfigMapKey, readMemo } from './readConfigMap.ts';
import { readGroup } from './readGroup.ts';
import { readOutputs } from './readOutputs.ts';

/** So many reads of one flow are in flight: it must not keep the others waiting. */
const IN_FLIGHT = 8;

export async function readFacts(
  api: KubeApi,
  flow: FlowView,
  reads: readonly Read[],
  known: Facts = noFacts,
  signal: AbortSignal,
): Promise<Facts> {
  let facts = known;
  const waiting = [...reads];
  const work = async (): Promise<void> => {
    for (let read = waiting.shift(); read !== undefined; read = waiting.shift()) {
      const fact = await readFact(api, flow, read, signal);
      facts = add(facts, fact);
    }
  };
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, reads.length) }, work));
  return facts;
}

async function readFact(api: KubeApi, flow: FlowView, read: Read, signal: AbortSignal): Promise<Partial<Facts>> {
  const { namespace } = flow;
  switch (read.kind) {
    case 'outputs': {
      const given = await readOutputs(api, flow, read, signal);
      return { outputs: { [attemptKey(read.step, read.attempt)]: given } };
    }
    case 'configMap':
      return { configMaps: { [configMapKey(read)]: await readConfigMapKey(api, namespace, read, signal) } };
    case 'memo':
      return { memos: { [read.name]: await readMemo(api, namespace, read.name, signal) } };
    case 'group':
      return { group: await readGroup(api, flow, read.lease, signal) };
  }
}

function add(facts: Facts, fact: Partial<Facts>): Facts {
  return {
    outputs: { ...facts.outputs, ...fact.outputs },
    configMaps: { ...facts.configMaps, ...fact.configMaps },
    memos: { ...facts.memos, ...fact.memos },
    group: fact.group ?? facts.group,
  };
}
