/**
 * A fleet: many Services in one namespace of a kube-apiserver, with three pods each, and a watch on
 * where the slices of their leader Services route to.
 */

import { z } from 'zod';
import { createNamespace, type Namespace } from '../test/support/controlPlane/createNamespace.ts';
import type { ControlPlane } from '../test/support/controlPlane/startControlPlane.ts';
import { type Pod, startPod } from '../test/support/controlPlane/startPod.ts';
import { aService } from '../test/support/objects/aService.ts';
import { lastingLines } from './lastingLines.ts';

export interface Member {
  readonly name: string;
  readonly pods: readonly Pod[];
}

export interface Fleet {
  readonly namespace: Namespace;
  readonly members: readonly Member[];
  /** Where a member's leader Service routes to; undefined without a route. */
  routeOf(member: Member): string | undefined;
  /** Opts all in at once. Returns milliseconds until the last one is routed. */
  optIn(): Promise<number>;
  /** Returns milliseconds from the first write of the load until the last route has moved. */
  loseLeaders(): Promise<number>;
  /** One failover. Returns milliseconds from the acknowledgement of the pod's status write. */
  failOver(member: Member): Promise<number>;
  close(): Promise<void>;
}

/** As many clients as write the load at once. */
const WRITERS = 32;
/** A hundred times the expected time: longer means that something is broken. */
const TIMEOUT_MS = 150_000;

const sliceLine = z.object({
  type: z.string(),
  object: z.object({
    metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }),
    endpoints: z.array(z.object({ addresses: z.array(z.string()) })).nullish(),
  }),
});

export async function createFleet(controlPlane: ControlPlane, name: string, size: number): Promise<Fleet> {
  const namespace = await createNamespace(controlPlane, name);
  const members = await inParallel(
    Array.from({ length: size }, (_, i) => `s${i}`),
    (service) => createMember(namespace, service),
  );
  const routes = new Map<string, string | undefined>();
  const waiting = new Set<() => void>();
  const stop = new AbortController();
  const reading = (async () => {
    for await (const line of lastingLines(controlPlane, `${namespace.slices}?`, stop.signal)) {
      const { metadata, endpoints } = sliceLine.parse(line).object;
      const service = metadata.labels['kubernetes.io/service-name'];
      if (service !== undefined) routes.set(service, endpoints?.[0]?.addresses[0]);
      for (const check of waiting) check();
    }
  })();

  const routeOf = ({ name: service }: Member): string | undefined => routes.get(`${service}-leader`);

  /** Resolves with `performance.now()` of the moment. */
  function until(what: string, isSo: () => boolean): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const timer = setTimeout(() => reject(new Error(`${name}: not in time: ${what}`)), TIMEOUT_MS);
    const check = (): void => {
      if (!isSo()) return;
      clearTimeout(timer);
      waiting.delete(check);
      resolve(performance.now());
    };
    waiting.add(check);
    check();
    return promise;
  }

  /** Counts down, so that a line costs the same however many Services there are. */
  function untilEach(what: string, has: (member: Member) => boolean): Promise<number> {
    let left = members.length;
    return until(what, () => {
      for (let last = members[left - 1]; last !== undefined && has(last); last = members[left - 1]) left -= 1;
      return left === 0;
    });
  }

  return {
    namespace,
    members,
    routeOf,
    async optIn() {
      const startedAt = performance.now();
      const routed = untilEach('every Service has a leader', (member) => routeOf(member) !== undefined);
      await inParallel(members, ({ name: service }) =>
        namespace.request('PATCH', `${namespace.core('services')}/${service}`, {
          metadata: { annotations: { 'zen-lead.io/enabled': 'true' } },
        }),
      );
      return (await routed) - startedAt;
    },
    async loseLeaders() {
      const before = new Map(members.map((member) => [member, routeOf(member)]));
      const startedAt = performance.now();
      const moved = untilEach('every Service has another leader', (member) => {
        const route = routeOf(member);
        return route !== undefined && route !== before.get(member);
      });
      await inParallel(members, (member) => leaderOf(member, before.get(member)).setReady(false));
      const tookMs = (await moved) - startedAt;
      await inParallel(members, (member) => leaderOf(member, before.get(member)).setReady(true));
      return tookMs;
    },
    async failOver(member) {
      const before = routeOf(member);
      const leader = leaderOf(member, before);
      const moved = until(`${member.name} has another leader`, () => ![undefined, before].includes(routeOf(member)));
      await leader.setReady(false);
      const acknowledgedAt = performance.now();
      const tookMs = (await moved) - acknowledgedAt;
      await leader.setReady(true);
      return tookMs;
    },
    async close() {
      stop.abort();
      await reading;
    },
  };
}

function leaderOf({ name, pods }: Member, address: string | undefined): Pod {
  const leader = pods.find(({ ipv4 }) => ipv4 === address);
  if (leader === undefined) throw new Error(`${name} routes to ${address}, which is none of its pods`);
  return leader;
}

async function createMember(namespace: Namespace, name: string): Promise<Member> {
  const labels = { app: name };
  const service = aService({ name, annotations: { enabled: null }, spec: { selector: labels } });
  await namespace.request('POST', namespace.core('services'), service);
  const pods: Pod[] = [];
  for (let i = 0; i < 3; i += 1)
    pods.push(await startPod(namespace, { name: `${name}-${i}`, labels, families: ['IPv4'] }));
  return { name, pods };
}

export async function inParallel<T, Result>(
  items: readonly T[],
  run: (item: T) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) results[index] = await run(item);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, work));
  return results;
}
