/**
 * Databases: many Services of two pods each on an embedded API server, db-0 and so on, and their
 * failovers. A failover takes from the write of a pod's status to the change of its slice.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { EmbeddedApiServer } from '../apiserver/startApiServer.ts';
import { aPodManifest, aPodStatus } from '../test/support/objects/aPodManifest.ts';

export const NAMESPACE = 'bench';
const PODS = 2;
/** All Services have been opted in at once. */
const ELECTED_WITHIN_MS = 600_000;
const GIVEN_UP_MS = 10_000;
const POLL_MS = 50;

export function createServices({ objects }: EmbeddedApiServer, services: number): void {
  objects.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  for (let n = 0; n < services; n += 1) {
    const name = `db-${n}`;
    objects.create({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: NAMESPACE, annotations: { 'zen-lead.io/enabled': 'true' } },
      spec: { selector: { app: name }, ports: [{ port: 5_432 }] },
    });
    for (let pod = 0; pod < PODS; pod += 1) {
      objects.create(aPodManifest({ name: `${name}-${pod}`, namespace: NAMESPACE, labels: { app: name } }));
      setReady({ objects }, n, pod, true);
    }
  }
}

function setReady({ objects }: Pick<EmbeddedApiServer, 'objects'>, service: number, pod: number, ready: boolean): void {
  const ip = `10.${pod}.${Math.floor(service / 250)}.${(service % 250) + 1}`;
  const name = `db-${service}-${pod}`;
  objects.patchStatus({ resource: 'pods', namespace: NAMESPACE, name }, { status: aPodStatus({ ready, ips: [ip] }) });
}

export async function waitForLeaders(server: EmbeddedApiServer, services: number): Promise<void> {
  const givenUpAt = Date.now() + ELECTED_WITHIN_MS;
  const led = (): number =>
    server.objects.list('endpointslices', NAMESPACE).filter((slice) => podOf(slice) !== null).length;
  while (led() < services) {
    if (Date.now() > givenUpAt) throw new Error(`${led()} of ${services} Services have a leader`);
    await sleep(1_000);
  }
}

function podOf(slice: object): string | null {
  const { endpoints } = slice as { readonly endpoints?: readonly { readonly targetRef?: { readonly name: string } }[] };
  return endpoints?.[0]?.targetRef?.name ?? null;
}

/**
 * Takes every leader away at once, and resolves when each Service has another one. The pods that
 * were left are Ready again then. `whenLost`: right after the last of them was taken away.
 */
export async function loseLeaders(server: EmbeddedApiServer, whenLost?: () => void): Promise<void> {
  const leaders = (): readonly string[] =>
    server.objects.list('endpointslices', NAMESPACE).flatMap((slice) => podOf(slice) ?? []);
  const lost = leaders();
  const setAll = (ready: boolean): void => {
    for (const leader of lost) {
      const [, service, pod] = /^db-(\d+)-(\d+)$/.exec(leader) ?? [];
      setReady(server, Number(service), Number(pod), ready);
    }
  };
  const givenUpAt = Date.now() + ELECTED_WITHIN_MS;
  setAll(false);
  whenLost?.();
  for (const before = new Set(lost); ; await sleep(POLL_MS)) {
    const now = leaders();
    if (now.length === lost.length && now.every((leader) => !before.has(leader))) break;
    if (Date.now() > givenUpAt) throw new Error(`not each of ${lost.length} Services has another leader`);
  }
  setAll(true);
}

/**
 * Resolves with the milliseconds until the route has moved. The pod that was left is Ready again.
 */
export async function failOver(server: EmbeddedApiServer, service: number): Promise<number> {
  const slice = { resource: 'endpointslices', namespace: NAMESPACE, name: `db-${service}-leader-ipv4` };
  const leader = podOf(server.objects.read(slice) ?? {});
  const pod = Number(leader?.slice(-1));
  const moved = Promise.withResolvers<void>();
  const unsubscribe = server.objects.subscribe('endpointslices', () => {
    if (podOf(server.objects.read(slice) ?? {}) !== leader) moved.resolve();
  });
  const startedAt = performance.now();
  setReady(server, service, pod, false);
  const inTime = await Promise.race([moved.promise.then(() => true), sleep(GIVEN_UP_MS, false)]);
  const tookMs = performance.now() - startedAt;
  unsubscribe();
  if (!inTime) throw new Error(`db-${service} did not fail over within ${GIVEN_UP_MS} ms`);
  setReady(server, service, pod, true);
  return tookMs;
}
