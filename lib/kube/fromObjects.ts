/**
 * Builds a snapshot out of objects as the Kubernetes API gives them.
 *
 * Guarantees: the same parsers and the same choice of objects as in the bridge and the functions.
 * Objects of other namespaces are left out. Throws INPUT_INVALID, naming object and field, for an
 * object that cannot be read.
 * Does not guarantee that the snapshot is one state of the cluster. That depends on how the objects
 * were read.
 */

import { ZenLeadError } from '../errors.ts';
import { buildSnapshot } from '../selection/buildSnapshot.ts';
import { compareRevisions } from '../selection/compareRevisions.ts';
import { annotation } from '../selection/names.ts';
import type { ResourceVersion, Revisions, Snapshot } from '../selection/snapshot.ts';
import { takeFields, takeOptionalString } from './fields.ts';
import { parsePod } from './parsePod.ts';
import { parseService } from './parseService.ts';
import { parseSlice } from './parseSlice.ts';

export interface KubernetesObjects {
  /** The annotated Service. */
  readonly service: unknown;
  /** Pods: those of its namespace, or any superset. */
  readonly pods: Iterable<unknown>;
  /** Services: those of its namespace, or any superset. */
  readonly services: Iterable<unknown>;
  /** EndpointSlices: those of its namespace, or any superset. */
  readonly endpointSlices: Iterable<unknown>;
  /**
   * The `metadata.resourceVersion` of each list. Without them the newest version that objects and
   * record name stands in, which is enough to read a decision. Give them where the writes will be
   * carried out, because they fence older decisions.
   */
  readonly revisions?: { readonly pods: string; readonly services: string; readonly slices: string };
}

export function fromObjects({ service, pods, services, endpointSlices, revisions }: KubernetesObjects): Snapshot {
  const source = parseAs('service', service, parseService);
  const { namespace, name } = source;
  const raw = { pods: [...pods], services: [service, ...services], slices: [...endpointSlices] };
  const parseAll = <T extends { readonly namespace: string }>(list: string, of: readonly unknown[], parse: Parse<T>) =>
    of.map((object, i) => parseAs(`${list}[${i}]`, object, parse)).filter((view) => view.namespace === namespace);
  const slices = parseAll('endpointSlices', raw.slices, parseSlice);
  const others = parseAll('services', raw.services.slice(1), parseService).filter((view) => view.name !== name);
  const recorded = (key: string) => slices.flatMap(({ annotations }) => annotations[key] ?? []);
  return buildSnapshot({
    namespace,
    name,
    source,
    pods: parseAll('pods', raw.pods, parsePod),
    services: [source, ...others],
    slices,
    revisions: toRevisions(
      revisions ?? {
        pods: newest([...versionsOf(raw.pods), ...recorded(annotation.podsRevision)]),
        services: newest([...versionsOf(raw.services), ...recorded(annotation.servicesRevision)]),
        slices: newest(versionsOf(raw.slices)),
      },
    ),
  });
}

type Parse<T> = (input: unknown) => T;

function parseAs<T>(path: string, input: unknown, parse: Parse<T>): T {
  try {
    return parse(input);
  } catch (cause) {
    if (!(cause instanceof ZenLeadError)) throw cause;
    const { message, path: field = '' } = cause;
    throw new ZenLeadError(cause.code, `${path}.${message}`, { retry: cause.retry, path: `${path}.${field}`, cause });
  }
}

function versionsOf(objects: readonly unknown[]): readonly string[] {
  return objects.flatMap((object) => {
    const metadata = takeFields(takeFields(object, 'object')['metadata'], 'metadata');
    return takeOptionalString(metadata, 'resourceVersion', 'metadata') ?? [];
  });
}

/** "0" where there is none. A version that cannot be ordered does not count. */
function newest(versions: readonly string[]): string {
  return versions.reduce((best, each) => (compareRevisions(each, best) === 'newer' ? each : best), '0');
}

function toRevisions({ pods, services, slices }: Readonly<Record<keyof Revisions, string>>): Revisions {
  return {
    pods: pods as ResourceVersion,
    services: services as ResourceVersion,
    slices: slices as ResourceVersion,
  };
}
