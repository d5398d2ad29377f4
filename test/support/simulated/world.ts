/**
 * World: a namespace of the Kubernetes API as the rules see it, in memory and without time.
 *
 * It keeps what a decision can run into: one revision counter, resourceVersion and uid
 * preconditions, AlreadyExists, owner garbage collection on demand. Manifests come back through the
 * real parsers of lib/kube, as they would from a watch.
 */

import { ZenLeadError } from '../../../lib/errors.ts';
import { parseService } from '../../../lib/kube/parseService.ts';
import { parseSlice } from '../../../lib/kube/parseSlice.ts';
import { type Assessment, assess } from '../../../lib/selection/assess.ts';
import { buildSnapshot } from '../../../lib/selection/buildSnapshot.ts';
import { joinObservations } from '../../../lib/selection/joinObservations.ts';
import type { Observations } from '../../../lib/selection/observation.ts';
import type { PodView, ServiceView, SliceView, Snapshot } from '../../../lib/selection/snapshot.ts';
import type { Write, WriteResource } from '../../../lib/selection/write.ts';
import { version } from '../objects/builders.ts';

type Manifest = Record<string, unknown>;

export class World {
  readonly pods = new Map<string, PodView>();
  readonly sources = new Map<string, ServiceView>();
  /** What was created through the API: name to manifest, by resource. */
  readonly objects: Readonly<Record<WriteResource, Map<string, Manifest>>> = {
    services: new Map(),
    endpointslices: new Map(),
  };
  /** What a bridge says of the pods, as it would join it into a snapshot. */
  observations: Observations | undefined;
  revision = 100;
  podsRevision = 100;
  servicesRevision = 100;

  setPod(pod: PodView): void {
    this.podsRevision = ++this.revision;
    this.pods.set(pod.name, pod);
  }

  changePod(name: string, change: Partial<PodView>): void {
    const pod = this.pods.get(name);
    if (pod === undefined) throw new Error(`no pod ${name}`);
    this.setPod({ ...pod, ...change });
  }

  deletePod(name: string): void {
    this.podsRevision = ++this.revision;
    this.pods.delete(name);
  }

  setSource(source: ServiceView): void {
    this.servicesRevision = ++this.revision;
    this.sources.set(source.name, { ...source, resourceVersion: version(this.revision) });
  }

  services(): readonly ServiceView[] {
    return [...this.objects.services.values()].map(parseService);
  }

  slices(): readonly SliceView[] {
    return [...this.objects.endpointslices.values()].map(parseSlice);
  }

  service(name: string): ServiceView | undefined {
    return this.services().find((service) => service.name === name);
  }

  slice(name: string): SliceView | undefined {
    return this.slices().find((slice) => slice.name === name);
  }

  snapshot(name = 'postgres'): Snapshot {
    const source = this.sources.get(name) ?? null;
    const snapshot = buildSnapshot({
      namespace: 'shop',
      name,
      source,
      pods: this.pods.values(),
      services: [...this.sources.values(), ...this.services()],
      slices: this.slices(),
      revisions: {
        pods: version(this.podsRevision),
        services: version(this.servicesRevision),
        slices: version(this.revision),
      },
    });
    return joinObservations(snapshot, this.observations);
  }

  /** One reconcile: decide on what is and write it. Returns what was decided and written. */
  reconcile(now: number, name = 'postgres'): Assessment {
    const assessment = assess(this.snapshot(name), now);
    for (const write of assessment.writes) this.apply(write);
    return assessment;
  }

  /** Somebody's hand: a merge patch without preconditions. */
  edit(resource: WriteResource, name: string, patch: Manifest): void {
    const existing = this.objects[resource].get(name);
    if (existing === undefined) throw new Error(`no ${resource}/${name}`);
    this.put(resource, name, merge(existing, patch) as Manifest);
  }

  create(resource: WriteResource, object: Manifest): void {
    const metadata = object['metadata'] as Manifest;
    const name = String(metadata['name']);
    if (this.objects[resource].has(name) || (resource === 'services' && this.sources.has(name))) {
      throw new ZenLeadError('KUBE_ALREADY_EXISTS', `${resource}/${name} exists`, { retry: 'now' });
    }
    const uid = `uid-${name}-${this.revision + 1}`;
    this.put(
      resource,
      name,
      merge(object, { metadata: { uid, creationTimestamp: '2026-01-01T00:00:00Z' } }) as Manifest,
    );
  }

  apply(write: Write): void {
    if (write.kind === 'deleteControllerEndpoints') return;
    if (write.kind === 'create') {
      this.create(write.resource, write.object as Manifest);
      return;
    }
    const existing = this.objects[write.resource].get(write.name);
    if (existing === undefined) throw new ZenLeadError('KUBE_NOT_FOUND', `no ${write.name}`, { retry: 'now' });
    const metadata = existing['metadata'] as Manifest;
    if (metadata['uid'] !== write.uid || metadata['resourceVersion'] !== write.resourceVersion) {
      throw new ZenLeadError('KUBE_CONFLICT', `${write.name} has changed`, { retry: 'now' });
    }
    if (write.kind === 'patch') this.edit(write.resource, write.name, write.patch as Manifest);
    else this.remove(write.resource, write.name);
  }

  remove(resource: WriteResource, name: string): void {
    this.revision++;
    if (resource === 'services') this.servicesRevision = this.revision;
    this.objects[resource].delete(name);
  }

  private put(resource: WriteResource, name: string, object: Manifest): void {
    this.revision++;
    if (resource === 'services') this.servicesRevision = this.revision;
    this.objects[resource].set(
      name,
      merge(object, { metadata: { namespace: 'shop', resourceVersion: String(this.revision) } }) as Manifest,
    );
  }
}

/** RFC 7386. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  const result: Manifest = base as Manifest;
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}
