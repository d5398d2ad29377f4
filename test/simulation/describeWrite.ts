/**
 * describeWrite: words one write as one line of a trace.
 */

import { annotation } from '../../lib/selection/names.ts';
import type { ObservedWrite } from './apiServer.ts';
import { annotationOf, endpointsOf } from './kubeObject.ts';

export function describeWrite({ actor, plural, name, request, after, outcome }: ObservedWrite): string {
  const what = `${actor} ${request.verb} ${plural}/${name}`;
  if (outcome !== 'written') return `${what}: ${outcome}`;
  if (after === null) return `${what}: gone`;
  const version = `rv ${after.metadata.resourceVersion}`;
  if (plural !== 'endpointslices') return `${what}: ${version}`;
  const endpoints = endpointsOf(after).map(({ addresses, targetRef }) => `${targetRef?.uid}@${addresses.join()}`);
  const note = (key: string): string => annotationOf(after, key) ?? '-';
  const basis = `pods ${note(annotation.podsRevision)} services ${note(annotation.servicesRevision)}`;
  return `${what}: ${version} epoch ${note(annotation.epoch)} -> ${endpoints.join(', ') || 'no pod'} (${note(annotation.reason)}; ${basis})`;
}
