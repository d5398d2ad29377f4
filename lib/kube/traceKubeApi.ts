/**
 * Wraps a KubeApi so that its calls are spans, inside a reconcile.
 *
 * A call outside a reconcile (the bridge's lists, keys, a Lease) makes no span, because it belongs
 * to no change.
 */

import type { Span, Tracing } from '../telemetry/tracing.ts';
import { type KubeApi, pods, type Resource } from './kubeApi.ts';

export function traceKubeApi(api: KubeApi, tracing: Tracing): KubeApi {
  if (!tracing.isOn) return api;

  function call<Result>(
    verb: string,
    { plural }: Resource,
    namespace: string | undefined,
    name: string | undefined,
    work: (span: Span) => Promise<Result>,
  ): Promise<Result> {
    const attributes = {
      'zen_lead.resource': plural,
      ...(namespace !== undefined && { 'k8s.namespace.name': namespace }),
      ...(name !== undefined && { 'zen_lead.object': name }),
    };
    return tracing.span(`${verb} ${plural}`, { kind: 'client', onlyInside: true, attributes }, work);
  }

  return {
    list: (resource, namespace, query, signal) =>
      call('list', resource, namespace, undefined, async (span) => {
        const page = await api.list(resource, namespace, query, signal);
        span.set({ 'zen_lead.items': page.items.length });
        return page;
      }),
    watch: api.watch,
    get: (resource, namespace, name, signal) =>
      call('get', resource, namespace, name, () => api.get(resource, namespace, name, signal)),
    create: (resource, namespace, object, signal) =>
      call('create', resource, namespace, undefined, () => api.create(resource, namespace, object, signal)),
    mergePatch: (resource, namespace, name, patch, signal) =>
      call('patch', resource, namespace, name, () => api.mergePatch(resource, namespace, name, patch, signal)),
    delete: (resource, namespace, name, preconditions, signal) =>
      call('delete', resource, namespace, name, () => api.delete(resource, namespace, name, preconditions, signal)),
    evict: (namespace, name, uid, signal) =>
      call('evict', pods, namespace, name, () => api.evict(namespace, name, uid, signal)),
    getPath: api.getPath,
    close: api.close,
  };
}
