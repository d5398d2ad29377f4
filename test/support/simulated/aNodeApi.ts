/**
 * ANodeApi: an API server that knows nodes and the Leases of their kubelets, and no more.
 *
 * Kubelets renew on a clock that is moved by hand.
 */

import { ZenLeadError } from '../../../lib/errors.ts';
import type { KubeApi, Resource } from '../../../lib/kube/kubeApi.ts';
import type { VirtualClock } from './virtualClock.ts';

interface NodeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    resourceVersion: string;
  };
  readonly spec?: object;
  readonly status?: object;
}

interface NodeFields extends Pick<NodeObject, 'spec' | 'status'> {
  readonly labels?: Readonly<Record<string, string>>;
}

export interface NodeApi {
  readonly api: KubeApi;
  /** How often each kind was listed, and by which namespace it was. */
  readonly asked: readonly string[];
  /** Starts a kubelet that renews its Lease every so often, from then on. */
  startKubelet(name: string, everyMs: number): void;
  /** It renews no more. */
  stopKubelet(name: string): void;
  putNode(name: string, fields?: NodeFields): void;
  /** The API server answers 403 about this kind, until it is allowed again. */
  setForbidden(plural: string, isForbidden: boolean): void;
  /** Kubelets reach it no more, and try again with a backoff until they do. */
  setDown(isDown: boolean): void;
  /** Every watch ends, and none is accepted until they are allowed again. */
  setCut(isCut: boolean): void;
}

interface OpenWatch {
  readonly plural: string;
  readonly lines: object[];
  isEnded: boolean;
  wake: () => void;
}

/**
 * How long a kubelet waits that reaches no API server to renew its Lease at: twice as long each
 * time, as `backoffEnsureLease` of Kubernetes' component-helpers does.
 */
export const leaseRetry = { firstMs: 200, lastMs: 7_000 } as const;

export function aNodeApi(clock: VirtualClock): NodeApi {
  const stored = { nodes: new Map<string, NodeObject>(), leases: new Map<string, NodeObject>() };
  const watches = new Set<OpenWatch>();
  const kubelets = new Map<string, () => void>();
  const forbidden = new Set<string>();
  const asked: string[] = [];
  let version = 0;
  let isCut = false;
  let isDown = false;

  const kindOf = ({ plural }: Resource): Map<string, NodeObject> => (plural === 'nodes' ? stored.nodes : stored.leases);

  function put(
    plural: 'nodes' | 'leases',
    object: Omit<NodeObject, 'metadata'> & { metadata: { name: string; namespace?: string; labels?: object } },
  ): void {
    version += 1;
    const full = {
      ...object,
      metadata: { ...object.metadata, uid: `uid-${object.metadata.name}`, resourceVersion: String(version) },
    };
    const type = stored[plural].has(full.metadata.name) ? 'MODIFIED' : 'ADDED';
    stored[plural].set(full.metadata.name, full);
    for (const watch of watches)
      if (watch.plural === plural) {
        watch.lines.push({ type, object: full });
        watch.wake();
      }
  }

  function renew(name: string, everyMs: number, retryMs: number = leaseRetry.firstMs): void {
    const againMs = Math.min(2 * retryMs, leaseRetry.lastMs);
    const [waitMs, next] = isDown
      ? [retryMs, () => renew(name, everyMs, againMs)]
      : [everyMs, () => renew(name, everyMs)];
    if (!isDown) put('leases', { metadata: { name, namespace: 'kube-node-lease' } });
    kubelets.set(name, clock.setTimer(next, waitMs));
  }

  function refuse(plural: string): void {
    if (forbidden.has(plural)) throw new ZenLeadError('KUBE_FORBIDDEN', `${plural} is forbidden`, { retry: 'later' });
    if (isCut) throw new ZenLeadError('KUBE_UNAVAILABLE', 'cut', { retry: 'later' });
  }

  const api: Pick<KubeApi, 'list' | 'watch'> = {
    async list(resource, namespace) {
      asked.push(`${resource.plural} in ${namespace}`);
      refuse(resource.plural);
      return { resourceVersion: String(version), items: [...kindOf(resource).values()] };
    },
    async *watch(resource, _namespace, _query, signal, onOpen) {
      refuse(resource.plural);
      const watch: OpenWatch = { plural: resource.plural, lines: [], isEnded: false, wake: () => {} };
      watches.add(watch);
      onOpen?.();
      signal.addEventListener('abort', () => watch.wake());
      try {
        while (!signal.aborted && !watch.isEnded) {
          yield* watch.lines.splice(0);
          if (watch.lines.length > 0 || watch.isEnded) continue;
          await new Promise<void>((resolve) => {
            watch.wake = resolve;
          });
        }
      } finally {
        watches.delete(watch);
      }
    },
  };

  return {
    api: api as KubeApi,
    asked,
    startKubelet: (name, everyMs) => renew(name, everyMs),
    stopKubelet(name) {
      kubelets.get(name)?.();
      kubelets.delete(name);
    },
    putNode: (name, { labels = {}, ...fields } = {}) => put('nodes', { metadata: { name, labels }, ...fields }),
    setForbidden(plural, isForbidden) {
      if (isForbidden) forbidden.add(plural);
      else forbidden.delete(plural);
    },
    setDown(next) {
      isDown = next;
    },
    setCut(next) {
      isCut = next;
      for (const watch of next ? watches : []) {
        watch.isEnded = true;
        watch.wake();
      }
    },
  };
}
