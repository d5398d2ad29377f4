/**
 * enforcePolicies: what a network plugin makes of NetworkPolicies, as nftables rules on the suite's node. Its plain bridge plugin makes
 * nothing of them, so that a policy which forgets somebody would not be noticed. Called by networkPolicy.test.ts.
 *
 * Guarantees: a selected pod is reached only by whom a rule names; what a node does with its own pods (probes) is not held back, as
 * Kubernetes says. Pods that come and go are followed every `everyMs`.
 * Not guaranteed: any other part of the API than what deploy/ uses. It is refused by the schema, not ignored.
 * Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Cluster } from './cluster.ts';

const everyMs = 300;
const table = 'inet zen_lead_policies';

const labels = z.record(z.string(), z.string());
const namespaceSelector = z.strictObject({
  matchLabels: labels.optional(),
  matchExpressions: z
    .array(z.strictObject({ key: z.string(), operator: z.literal('In'), values: z.array(z.string()) }))
    .optional(),
});
const policies = z.object({
  items: z.array(
    z.object({
      spec: z.strictObject({
        podSelector: z.strictObject({ matchLabels: labels }),
        policyTypes: z.tuple([z.literal('Ingress')]),
        ingress: z.array(
          z.strictObject({
            from: z.array(z.strictObject({ namespaceSelector })),
            ports: z.array(z.strictObject({ port: z.number(), protocol: z.literal('TCP') })).optional(),
          }),
        ),
      }),
    }),
  ),
});
const metadata = z.object({ name: z.string(), namespace: z.string().optional(), labels: labels.optional() });
const namespaces = z.object({ items: z.array(z.object({ metadata })) });
const pods = z.object({
  items: z.array(z.object({ metadata, status: z.object({ podIP: z.string().optional() }) })),
});
type Policies = z.infer<typeof policies>;
type Namespaces = z.infer<typeof namespaces>;
type Pods = z.infer<typeof pods>;
type Labels = Readonly<Record<string, string>>;

/** Until the returned function is called, which removes every rule. */
export async function enforcePolicies(cluster: Cluster, namespace: string): Promise<() => Promise<void>> {
  let applied = '';
  const follow = async (): Promise<void> => {
    const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`;
    const rules = toRules(
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
  // Made before it is deleted, because the first time there is none; one transaction, so that there is no moment without rules.
  writeFileSync(file, `table ${table} {}\ndelete table ${table}\n${rules}`);
  await cluster.run('nft', '-f', file);
}

/** Accepts before refusals: rules of several policies add up. */
function toRules({ items }: Policies, namespaces: Namespaces, pods: Pods, namespace: string): string {
  const accepted: string[] = [];
  const refused: string[] = [];
  for (const { spec } of items) {
    const selected = addresses(
      pods,
      (pod) => pod.namespace === namespace && has(pod.labels, spec.podSelector.matchLabels),
    );
    if (selected === null) continue;
    for (const { from, ports } of spec.ingress) {
      const allowed = namespaces.items.filter((each) => from.some((peer) => matches(each.metadata.labels, peer)));
      const names = allowed.map((each) => each.metadata.name);
      const sources = addresses(pods, (pod) => names.includes(pod.namespace ?? ''));
      const port = ports === undefined ? '' : `tcp dport { ${ports.map((each) => each.port).join(', ')} } `;
      if (sources !== null) accepted.push(`ip saddr ${sources} ip daddr ${selected} ${port}accept`);
    }
    refused.push(`ip daddr ${selected} reject`);
  }
  const chain = [
    'type filter hook forward priority filter',
    'ct state established,related accept',
    ...accepted,
    ...refused,
  ];
  return `table ${table} {\n chain forward {\n  ${chain.join('\n  ')}\n }\n}\n`;
}

/** As nftables writes a set, sorted. Null: nobody. */
function addresses({ items }: Pods, isMeant: (pod: Pods['items'][number]['metadata']) => boolean): string | null {
  const found = items.flatMap(({ metadata: pod, status: { podIP } }) =>
    podIP !== undefined && isMeant(pod) ? [podIP] : [],
  );
  return found.length === 0 ? null : `{ ${[...new Set(found)].sort().join(', ')} }`;
}

function matches(of: Labels | undefined, peer: { namespaceSelector: z.infer<typeof namespaceSelector> }): boolean {
  const { matchLabels = {}, matchExpressions = [] } = peer.namespaceSelector;
  return has(of, matchLabels) && matchExpressions.every(({ key, values }) => values.includes(of?.[key] ?? ''));
}

function has(of: Labels | undefined, wanted: Labels): boolean {
  return Object.entries(wanted).every(([key, value]) => of?.[key] === value);
}
