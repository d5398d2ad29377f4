/**
 * Enforces NetworkPolicies with nftables rules on the suite's node, as a network plugin would.
 *
 * The suite's plain bridge plugin ignores policies, so a policy that forgets a client would not be
 * noticed.
 *
 * Guarantees: the node reaches its own pods (probes), as Kubernetes says. The rules follow pods
 * every `everyMs`.
 * Does not guarantee that a pod is protected in its first moments, or from a connection that is
 * older than the rules.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './attachCluster.ts';
import { namespaces, pods, policies, toPolicyRules } from './policyRules.ts';

const everyMs = 300;
const table = 'inet zen_lead_policies';

/** Enforces until the returned function is called, which removes every rule. */
export async function enforcePolicies(cluster: Cluster, namespace: string): Promise<() => Promise<void>> {
  let applied = '';
  const follow = async (): Promise<void> => {
    const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`;
    const rules = toPolicyRules(
      policies.parse(await cluster.request('GET', path)),
      namespaces.parse(await cluster.request('GET', '/api/v1/namespaces')),
      pods.parse(await cluster.request('GET', '/api/v1/pods')),
      namespace,
    );
    if (rules === applied) return;
    await load(cluster, rules);
    applied = rules;
  };
  await follow();
  const stop = new AbortController();
  const following = (async () => {
    while (!stop.signal.aborted) {
      await follow();
      await sleep(everyMs);
    }
  })();
  return async () => {
    stop.abort();
    await following;
    await cluster.run('nft', 'delete', 'table', ...table.split(' '));
  };
}

async function load(cluster: Cluster, rules: string): Promise<void> {
  const file = join(cluster.directory, 'policies.nft');
  // The table is made before it is deleted, because the first time there is none. One transaction,
  // so that the rules never lapse.
  writeFileSync(file, `table ${table} {}\ndelete table ${table}\ntable ${table} {\n${rules}\n}\n`);
  await cluster.run('nft', '-f', file);
}
