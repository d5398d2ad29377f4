/**
 * Turns the NetworkPolicies of one namespace into chains of nftables rules. Pure.
 *
 * Guarantees: only clients that a rule of a policy names reach a selected pod, and a selected pod
 * reaches only what a rule names.
 * Does not guarantee any part of the API that deploy/ does not use: the schema refuses it instead
 * of ignoring it.
 * Does not guarantee anything about packets from a node to its own pods.
 *
 * Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */

import { z } from 'zod';

const labels = z.record(z.string(), z.string());
const selector = z.strictObject({
  matchLabels: labels.optional(),
  matchExpressions: z
    .array(z.strictObject({ key: z.string(), operator: z.literal('In'), values: z.array(z.string()) }))
    .optional(),
});
const peers = z.array(
  z.strictObject({ namespaceSelector: selector.optional(), podSelector: selector.optional() }).refine(
    // The API refuses a peer without both, too.
    ({ namespaceSelector, podSelector }) => namespaceSelector !== undefined || podSelector !== undefined,
  ),
);
const ports = z.array(z.strictObject({ port: z.number().optional(), protocol: z.enum(['TCP', 'UDP']) }));
export const policies = z.object({
  items: z.array(
    z.object({
      spec: z.strictObject({
        podSelector: selector,
        // A direction that a policy does not name stays open where no other policy names it.
        policyTypes: z.array(z.enum(['Ingress', 'Egress'])),
        ingress: z.array(z.strictObject({ from: peers, ports: ports.optional() })).default([]),
        egress: z.array(z.strictObject({ to: peers.optional(), ports: ports.optional() })).default([]),
      }),
    }),
  ),
});
const metadata = z.object({ name: z.string(), namespace: z.string().optional(), labels: labels.optional() });
export const namespaces = z.object({ items: z.array(z.object({ metadata })) });
export const pods = z.object({
  items: z.array(z.object({ metadata, status: z.object({ podIP: z.string().optional() }) })),
});
type Selector = z.infer<typeof selector>;
type Peers = z.infer<typeof peers>;
type Ports = z.infer<typeof ports>;
type Direction = 'ingress' | 'egress';
type Policies = z.infer<typeof policies>;
type Namespaces = z.infer<typeof namespaces>;
type Pods = z.infer<typeof pods>;
type Labels = Readonly<Record<string, string>>;

/**
 * Rules that allow come before refusals, because rules of several policies add up. A pod that no
 * policy selects stays open. Both ends of a connection have to allow it, so each has its chain.
 */
export function toPolicyRules({ items }: Policies, namespaces: Namespaces, pods: Pods, namespace: string): string {
  const allowed: Record<Direction, string[]> = { ingress: [], egress: [] };
  const refused: Record<Direction, string[]> = { ingress: [], egress: [] };
  const allow = (direction: Direction, own: string, peers: Peers | undefined, ports: Ports | undefined): void => {
    const [from, to] = direction === 'ingress' ? ['daddr', 'saddr'] : ['saddr', 'daddr'];
    const others = peers === undefined ? null : findPeers(peers, namespaces, pods, namespace);
    // Peers that match no pod allow nothing; without peers a rule is for every address.
    if (peers !== undefined && others === null) return;
    const match = `ip ${from} ${own}${others === null ? '' : ` ip ${to} ${others}`}`;
    for (const port of toPortMatches(ports)) allowed[direction].push(`${match}${port} return`);
  };
  for (const { spec } of items) {
    const selected = addresses(pods, (pod) => pod.namespace === namespace && matches(pod.labels, spec.podSelector));
    if (selected === null) continue;
    for (const { from, ports } of spec.ingress) allow('ingress', selected, from, ports);
    for (const { to, ports } of spec.egress) allow('egress', selected, to, ports);
    if (spec.policyTypes.includes('Ingress')) refused.ingress.push(`ip daddr ${selected} reject`);
    if (spec.policyTypes.includes('Egress')) refused.egress.push(`ip saddr ${selected} reject`);
  }
  const hook = (name: string): readonly string[] => [
    `type filter hook ${name} priority filter`,
    'ct state established,related accept',
    'jump egress',
  ];
  return [
    toChain('egress', [...allowed.egress, ...refused.egress]),
    toChain('ingress', [...allowed.ingress, ...refused.ingress]),
    toChain('forward', [...hook('forward'), 'jump ingress']),
    // The API server of the suite runs on the node, where a packet to it is not forwarded.
    toChain('input', hook('input')),
  ].join('\n');
}

function toChain(name: string, rules: readonly string[]): string {
  return `chain ${name} {\n  ${rules.join('\n  ')}\n}`;
}

function findPeers(peers: Peers, namespaces: Namespaces, pods: Pods, namespace: string): string | null {
  const isIn = (of: string | undefined, selector: Selector): boolean =>
    namespaces.items.some(({ metadata: { name, labels } }) => name === of && matches(labels, selector));
  const isPeer = (pod: Pods['items'][number]['metadata'], { namespaceSelector, podSelector }: Peers[number]): boolean =>
    (namespaceSelector === undefined ? pod.namespace === namespace : isIn(pod.namespace, namespaceSelector)) &&
    matches(pod.labels, podSelector ?? {});
  return addresses(pods, (pod) => peers.some((peer) => isPeer(pod, peer)));
}

/** Returns one match for each protocol, or one that is empty when every port counts. */
function toPortMatches(ports: Ports | undefined): readonly string[] {
  if (ports === undefined) return [''];
  return (['tcp', 'udp'] as const).flatMap((protocol) => {
    const numbers = ports.filter((each) => each.protocol.toLowerCase() === protocol).map((each) => each.port);
    if (numbers.length === 0) return [];
    return [numbers.includes(undefined) ? ` meta l4proto ${protocol}` : ` ${protocol} dport { ${numbers.join(', ')} }`];
  });
}

/** Returns a sorted set as nftables writes it, or null when no pod matches. */
function addresses({ items }: Pods, isMeant: (pod: Pods['items'][number]['metadata']) => boolean): string | null {
  const found = items.flatMap(({ metadata: pod, status: { podIP } }) =>
    podIP !== undefined && isMeant(pod) ? [podIP] : [],
  );
  return found.length === 0 ? null : `{ ${[...new Set(found)].sort().join(', ')} }`;
}

function matches(of: Labels | undefined, { matchLabels = {}, matchExpressions = [] }: Selector): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => of?.[key] === value) &&
    matchExpressions.every(({ key, values }) => values.includes(of?.[key] ?? ''))
  );
}
