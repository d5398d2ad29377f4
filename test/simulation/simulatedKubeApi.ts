/**
 * createSimulatedKubeApi: makes the `KubeApi` of one process, over the simulated network. Only the
 * wire is replaced. zen-lead's own code reads answers, errors and watch lines.
 *
 * Every request is two messages, and either can be lost. A write whose answer is lost has happened.
 * A request that a client has given up may still arrive.
 */

import { type ErrorCode, ZenLeadError } from '../../lib/errors.ts';
import {
  type KubeApi,
  type ListPage,
  type ListQuery,
  type Resource,
  subjectAccessReviews,
  type WatchQuery,
} from '../../lib/kube/kubeApi.ts';
import type { ApiServer } from './apiServer.ts';
import type { KubeObject } from './kubeObject.ts';
import { MAX_WRITE_DELAY_MS, type Network } from './network.ts';
import type { PageStore } from './pageStore.ts';
import { reviewAccess } from './reports/callers.ts';
import type { Process, Scheduler } from './scheduler.ts';
import { toSelection } from './selection.ts';
import type { WatchLedger } from './watchLedger.ts';
import type { WatchServer } from './watchServer.ts';
import { openStream } from './watchStream.ts';

export interface SimulatedKubeApiOptions {
  readonly process: Process;
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly server: ApiServer;
  readonly watchServer: WatchServer;
  readonly pages: PageStore;
  /** The API server answers at all. */
  isUp(): boolean;
  /** The API server answers 403 to a request such as `create services/db-leader`. */
  isForbidden(request: string): boolean;
  /** The API server answers 422 to it. */
  isRejected(request: string): boolean;
  /** How long the API server takes for a request that is sent now. */
  slowMs(): number;
  /** How much later than others a request such as `evict pods/db-0` arrives. */
  heldMs(request: string): number;
  /** How far a delaying proxy holds this process's watches back. */
  watchLagMs(): number;
  /** A request is carried out now that was sent then. */
  onArrival(sentAt: number): void;
  /** Records what this process has learned from its watches and LISTs. */
  readonly ledger?: WatchLedger;
  /** The same of nodes and their Leases. */
  readonly nodeLedger?: WatchLedger;
}

/** An API server that takes every request, at once. */
export const willing = {
  isUp: () => true,
  isForbidden: () => false,
  isRejected: () => false,
  slowMs: () => 0,
  heldMs: () => 0,
  watchLagMs: () => 0,
  onArrival: () => undefined,
} satisfies Partial<SimulatedKubeApiOptions>;

/** As in lib/kube/client.ts. */
const REQUEST_TIMEOUT_MS = 10_000;

export function createSimulatedKubeApi(options: SimulatedKubeApiOptions): KubeApi {
  const { process, scheduler, network, server, watchServer, pages } = options;
  const { name } = process;
  /** What a bridge knows of nodes says nothing about how old its view of Services is. */
  const ledgerOf = ({ plural }: Resource): WatchLedger | undefined =>
    plural === 'nodes' || plural === 'leases' ? options.nodeLedger : options.ledger;
  /** When the first page of the LIST that is under way was asked for, by selection. */
  const listsAskedAt = new Map<string, number>();

  function call<T>(attempt: string, signal: AbortSignal, run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const toError = (code: ErrorCode, retryAfterMs?: number): ZenLeadError =>
        new ZenLeadError(code, `${attempt}: simulated`, {
          retry: 'later',
          ...(retryAfterMs !== undefined && { retryAfterMs }),
        });
      const fail = (code: ErrorCode): void => end(() => reject(toError(code)));
      const onAbort = (): void => fail('ABORTED');
      const cancelTimeout = process.schedule(REQUEST_TIMEOUT_MS, () => fail('KUBE_TIMEOUT'));
      let isEnded = false;
      function end(settle: () => void): void {
        if (isEnded) return;
        isEnded = true;
        cancelTimeout();
        signal.removeEventListener('abort', onAbort);
        settle();
      }
      if (signal.aborted) {
        onAbort();
        return;
      }
      signal.addEventListener('abort', onAbort);

      const answer = (settle: () => void): void => {
        const delayMs = network.delayMs('api', name, MAX_WRITE_DELAY_MS);
        if (delayMs !== null) process.schedule(delayMs + slowMs / 2, () => end(settle));
        // Some connections are seen to be broken, others only by their silence.
        else if (network.happens(0.5)) process.schedule(5, () => fail('KUBE_UNAVAILABLE'));
      };
      const { errorRate } = network.conditions();
      const sentAt = scheduler.now();
      const slowMs = options.slowMs();
      const serve = (): void => {
        options.onArrival(sentAt);
        if (!options.isUp()) answer(() => reject(toError('KUBE_UNAVAILABLE')));
        else if (options.isForbidden(attempt)) answer(() => reject(toError('KUBE_FORBIDDEN')));
        else if (options.isRejected(attempt)) answer(() => reject(rejection(attempt)));
        else if (network.happens(errorRate / 2)) answer(() => reject(toError('KUBE_TOO_MANY_REQUESTS', 1_000)));
        else if (network.happens(errorRate)) answer(() => reject(toError('KUBE_UNAVAILABLE')));
        else answer(carryOut(run, resolve, reject));
      };
      const delayMs = network.delayMs(name, 'api', MAX_WRITE_DELAY_MS);
      if (delayMs !== null) scheduler.schedule(delayMs + slowMs / 2 + options.heldMs(attempt), serve);
      else if (network.happens(0.5)) process.schedule(5, () => fail('KUBE_UNAVAILABLE'));
    });
  }

  return {
    async list(resource, namespace, query, signal) {
      const selection = describe(resource, namespace, query);
      if (query.continue === undefined) listsAskedAt.set(selection, scheduler.now());
      const page = await call(`list ${resource.plural} in ${namespace}`, signal, () =>
        pages.read(toSelection(resource.plural, query, namespace), query),
      );
      // A LIST of one object asks for the version alone.
      if (page.continue === undefined && query.limit !== 1)
        ledgerOf(resource)?.listed(selection, listsAskedAt.get(selection) ?? scheduler.now());
      return page;
    },
    watch: (resource, namespace, query, signal, onOpen) =>
      openStream({
        process,
        signal,
        now: scheduler.now,
        arrivesAt: () => network.connectedAt(name, 'api') + 1 + options.watchLagMs(),
        open: (client) => {
          const { resourceVersion, timeoutSeconds } = query;
          const request = {
            ...toSelection(resource.plural, query, namespace),
            from: Number(resourceVersion),
            timeoutSeconds,
          };
          return call(`watch ${resource.plural} in ${namespace}`, signal, () => watchServer.open(request, client));
        },
        onOpen() {
          ledgerOf(resource)?.opened(describe(resource, namespace, query));
          onOpen?.();
        },
        onLine: () => ledgerOf(resource)?.heard(describe(resource, namespace, query)),
        onEnd: () => ledgerOf(resource)?.ended(describe(resource, namespace, query)),
      }),
    get: (resource, _namespace, object, signal) =>
      call(`get ${resource.plural}/${object}`, signal, () => {
        const found = server.etcd.read(resource.plural, object);
        if (found === undefined) throw new ZenLeadError('KUBE_NOT_FOUND', object, { retry: 'now' });
        return found;
      }),
    create: (resource, _namespace, object, signal) =>
      resource === subjectAccessReviews
        ? call('review access', signal, () => reviewAccess(object))
        : call(`create ${resource.plural}/${(object as KubeObject).metadata.name}`, signal, () =>
            server.create(name, resource.plural, object),
          ),
    mergePatch: (resource, _namespace, object, patch, signal) =>
      call(`patch ${resource.plural}/${object}`, signal, () => server.patch(name, resource.plural, object, patch)),
    delete: (resource, _namespace, object, preconditions, signal) =>
      call(`delete ${resource.plural}/${object}`, signal, () =>
        server.delete(name, resource.plural, object, preconditions),
      ),
    evict: (_namespace, object, uid, signal) =>
      call(`evict pods/${object}`, signal, () => server.evict(name, object, uid)),
    getPath: () => Promise.reject(new ZenLeadError('KUBE_NOT_FOUND', 'no paths here', { retry: 'never' })),
    close: async () => undefined,
  };
}

function rejection(attempt: string): ZenLeadError {
  return new ZenLeadError('KUBE_INVALID', `${attempt}: simulated`, { retry: 'never' });
}

/** The request takes effect now; its answer comes later, if at all. */
function carryOut<T>(run: () => T, resolve: (value: T) => void, reject: (error: unknown) => void): () => void {
  try {
    const value = run();
    return () => resolve(value);
  } catch (error) {
    return () => reject(error);
  }
}

function describe(
  { plural }: Resource,
  namespace: string | undefined,
  { labelSelector = '', fieldSelector = '' }: ListQuery | WatchQuery,
): string {
  return `${namespace ?? ''}/${plural}?${labelSelector}${fieldSelector}`;
}

export type { ListPage };
