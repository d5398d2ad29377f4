/**
 * Question: what has to be asked for so that the snapshot of one Service is whole. It depends on
 * the Service, so a read may find that it should have asked for more (readService.ts).
 *
 * Guarantees: pure.
 */

import { annotation } from '../../lib/selection/names.ts';
import { isOurSlice } from '../../lib/selection/ownership.ts';
import type { ServiceView, SliceView, Snapshot } from '../../lib/selection/snapshot.ts';
import { wantedServiceNames, wantedSliceNames } from '../../lib/selection/wantedNames.ts';

export interface Question {
  /** A label selector. Null where the Service selects no pods. */
  readonly selector: string | null;
  /** Services that it wants, owns or routes for: their objects, and the slices that carry them. */
  readonly serviceNames: ReadonlySet<string>;
  /** Of their slices, by name. */
  readonly sliceNames: ReadonlySet<string>;
  /** Pods that a record or a route names. The selector may not find them any more. */
  readonly podNames: ReadonlySet<string>;
}

export function questionOf({ source, services, slices }: Pick<Snapshot, 'source' | 'services' | 'slices'>): Question {
  const wanted = source === null ? [] : wantedServiceNames(source);
  const ours = slices.filter((slice) => isOurSlice(slice, source?.uid));
  const serviceNames = new Set([
    ...wanted,
    ...services.map(({ name }) => name),
    ...ours.flatMap(({ serviceName }) => serviceName ?? []),
  ]);
  return {
    selector: toSelector(source),
    serviceNames,
    sliceNames: new Set([...serviceNames].flatMap((name) => wantedSliceNames(name, source))),
    podNames: new Set([...services, ...slices].flatMap(leaderNamesOn)),
  };
}

/** The same pods, and no name that was neither asked for nor found. */
export function isAnswered(raised: Question, asked: Question, { candidates }: Pick<Snapshot, 'candidates'>): boolean {
  const pods = new Set([...asked.podNames, ...candidates.map(({ name }) => name)]);
  return (
    raised.selector === asked.selector &&
    [...raised.serviceNames].every((name) => asked.serviceNames.has(name)) &&
    [...raised.sliceNames].every((name) => asked.sliceNames.has(name)) &&
    [...raised.podNames].every((name) => pods.has(name))
  );
}

/**
 * The leader that one of our objects names, by its record or by its route. Not the endpoints of a
 * followers slice: there may be a thousand, and none of them is kept for its name.
 */
export function leaderNamesOn(object: ServiceView | SliceView): readonly string[] {
  const { [annotation.leaderPodName]: recorded, [annotation.epoch]: epoch } = object.annotations;
  const [routed] = 'spec' in object && epoch !== undefined ? (object.spec?.endpoints ?? []) : [];
  return [recorded, routed?.targetRef?.name].filter((name) => name !== undefined);
}

function toSelector(source: ServiceView | null): string | null {
  const pairs = Object.entries(source?.selector ?? {});
  if (pairs.length === 0) return null;
  return pairs
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');
}
