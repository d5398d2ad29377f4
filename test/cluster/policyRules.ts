/**
 * Turns the NetworkPolicies of one namespace into a chain of nftables rules. Pure.
 *
 * Guarantees: only clients that a rule of a policy names reach a selected pod.
 * Does not guarantee any part of the API that deploy/ does not use: the schema refuses it instead
 * of ignoring it.
 *
 * Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */

import { z } from 'zod';

const labels = z.record(z.string(), z.string());
const namespaceSelector = z.strictObject({
  matchLabels: labels.optional(),
  matchExpressions: z
    .array(z.strictObject({ key: z.string(), operator: z.literal('In'), values: z.array(z.string()) }))
    .optional(),
});
export const policies = z.object({
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
export const namespaces = z.object({ items: z.array(z.object({ metadata })) });
export const pods = z.object({
  items: z.array(z.object({ metadata, status: z.object({ podIP: z.string().optional() }) })),
});
type Policies = z.infer<typeof policies>;
type Namespaces = z.infer<typeof namespaces>;
type Pods = z.infer<typeof pods>;
type Labels = Readonly<Record<string, string>>;

/**
 * Rules that accept come before refusals, because rules of several policies add up. A pod that no
 * policy selects stays open.
 */
export function toPolicyRules({ items }: Policies, namespaces: Namespaces, pods: Pods, namespace: string): string {
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
  return `chain forward {\n  ${chain.join('\n  ')}\n}`;
}

/** Returns a sorted set as nftables writes it, or null when no pod matches. */
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
