/**
 * Exports the selection rules as a library, the entry `zen-lead/selection` of the package.
 * lib/selection/README.md.
 *
 * Composes the rules with the parsers of lib/kube. The program itself imports the files behind it.
 */

export { codeOf, type ErrorCode, ZenLeadError } from '../errors.ts';
export { fromObjects, type KubernetesObjects } from '../kube/fromObjects.ts';
export { type Assessment, assess } from './assess.ts';
export type {
  Decision,
  DecisionKind,
  FollowersPlan,
  Leader,
  Plan,
  Reason,
  Route,
  ServicePlan,
  Warning,
} from './decision.ts';
export { type AnnotationReading, type Explanation, explain, type PodStanding, type Standing } from './explain.ts';
export type { Unfit } from './fitness.ts';
export { reasonText } from './reasonText.ts';
export type {
  Candidate,
  EndpointView,
  IpFamily,
  NamedPort,
  Omitted,
  OwnerView,
  Protocol,
  ResourceVersion,
  Revisions,
  ServicePort,
  ServiceView,
  SlicePort,
  SliceView,
  Snapshot,
  Uid,
} from './snapshot.ts';
export type { Stage, Write, WriteResource } from './write.ts';
