/**
 * Reads what a decision about a flow has asked for, beside flow, record and Jobs.
 *
 * Guarantees: no Secret is ever read. What is longer than a parameter may be counts as missing, and
 * is not kept.
 */

import { limits } from '../../lib/flow/spec/limits.ts';
import { attemptKey, configMapKey, type Facts, noFacts, type Read } from '../../lib/flow/state/facts.ts';
import type { FlowView } from '../../lib/flow/state/snapshot.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import { readConfigMapKey, readMemo } from './readConfigMap.ts';
import { readExitCode } from './readExitCode.ts';
import { readGroup } from './readGroup.ts';
import { readOutputs } from './readOutputs.ts';

/** So many reads of one flow are in flight: it must not keep the others waiting. */
const IN_FLIGHT = 8;

/** `hasTime`: false once it has to make do. One step gets all of its facts even then. */
export async function readFacts(
  api: KubeApi,
  flow: FlowView,
  reads: readonly Read[],
  known: Facts = noFacts,
  signal: AbortSignal,
  hasTime: () => boolean = () => true,
): Promise<Facts> {
  let facts = known;
  const waiting = [...reads];
  const next = (): Read | undefined =>
    hasTime() || reads.length - waiting.length < limits.inputs ? waiting.shift() : undefined;
  const work = async (): Promise<void> => {
    for (let read = next(); read !== undefined; read = next()) {
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
    case 'exitCode':
      return { exitCodes: { [read.uid]: (await readExitCode(api, namespace, read.job, signal)) ?? null } };
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
    exitCodes: { ...facts.exitCodes, ...fact.exitCodes },
    configMaps: { ...facts.configMaps, ...fact.configMaps },
    memos: { ...facts.memos, ...fact.memos },
    group: fact.group ?? facts.group,
  };
}
