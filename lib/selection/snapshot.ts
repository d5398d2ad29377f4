/**
 * Snapshot: everything one decision depends on, and nothing else.
 *
 * It travels in `data.snapshot` of a CloudEvent (docs/reference/events.md#events), and is recorded
 * and replayed. All instants are epoch milliseconds, all lists are without order.
 *
 * Guarantees: plain JSON, no secret and no environment value, about 300 B for a candidate.
 * Does not guarantee that it is the newest state. `revisions` says how old it is (S9).
 */

import type { ElectionView } from './elections/electionView.ts';
import type { NodeObservation, ObservationDetail, Role, Verdict } from './observation.ts';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type Uid = Branded<'Uid'>;
/** Opaque; ordered as a number within one resource only since Kubernetes 1.35 (KEP-5504). */
export type ResourceVersion = Branded<'ResourceVersion'>;
/** `<namespace>/<name>` of a source Service. */
export type ServiceKey = Branded<'ServiceKey'>;

export type IpFamily = 'IPv4' | 'IPv6';
export type Protocol = 'TCP' | 'UDP' | 'SCTP';

export interface NamedPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: Protocol;
}

/** A pod, projected on arrival: only the fields that the rules read. */
export interface PodView {
  readonly namespace: string;
  readonly name: string;
  readonly uid: Uid;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  /** The Ready condition is True. Of a candidate, the one that the source judges by. */
  readonly ready: boolean;
  /** When Ready last changed. Absent when neither the kubelet nor a watch has given an instant. */
  readonly readyChangedAt?: number;
  /**
   * The condition ContainersReady, where it says something else than Ready: the pod has a readiness
   * gate. Left out of snapshots, where the source's choice stands in `ready`.
   */
  readonly containers?: { readonly ready: boolean; readonly changedAt?: number };
  /** deletionTimestamp is set. */
  readonly terminating: boolean;
  /** `status.podIPs`, in order; empty before an address is assigned. */
  readonly ips: readonly string[];
  readonly nodeName?: string;
  /** Label topology.kubernetes.io/zone. Kubernetes 1.35 copies it from the node (KEP-4742). */
  readonly zone?: string;
  /**
   * Named container ports, those of restartable init containers included. The first one of a name
   * and protocol wins.
   */
  readonly ports: readonly NamedPort[];
  /** Raw value of `zen-lead.io/priority`. */
  readonly priority?: string;
  /** Raw value of `zen-lead.io/weight`. */
  readonly weight?: string;
  /** Raw value of `zen-lead.io/exclude`. */
  readonly exclude?: string;
  /** It has the addresses of its node. For the prober alone; no decision reads it. */
  readonly hostNetwork?: true;
  /** `status.hostIP`, an address of its node. For the check of nodes alone. */
  readonly hostIp?: string;
}

/** A pod as a snapshot carries it. What its labels decide replaces them. */
export interface Candidate extends Omit<PodView, 'namespace' | 'labels' | 'hostNetwork' | 'hostIp' | 'containers'> {
  /** The source's selector matches it. A leader that lost its label travels with `false`. */
  readonly selected: boolean;
  /** What the observer says of it. Absent before its first verdict. */
  readonly health?: Health;
  /** What the observer says of its node. Absent where it says nothing. */
  readonly node?: NodeState;
}

/** A node as a candidate carries it. */
export type NodeState = Omit<NodeObservation, 'name'>;

/** The verdict on a pod by the check that the source asks for. */
export interface Health {
  readonly verdict: Verdict;
  /** The pod's answer, where the source asks for roles. */
  readonly role?: Role;
  /** When verdict or role last changed, or was first given. */
  readonly since: number;
  readonly detail?: ObservationDetail;
}

export interface OwnerView {
  readonly kind: string;
  readonly name: string;
  readonly uid: Uid;
}

export interface ServicePort {
  /** Empty when the only port has no name. */
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly targetPort: number | string;
  readonly appProtocol?: string;
}

/** A Service, projected: the source, one that we own, or one that holds a name that we want. */
export interface ServiceView {
  readonly namespace: string;
  readonly name: string;
  readonly uid: Uid;
  readonly resourceVersion: ResourceVersion;
  /** Only `app.kubernetes.io/managed-by` and `zen-lead.io/*`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Only `zen-lead.io/*`. */
  readonly annotations: Readonly<Record<string, string>>;
  /** The ownerReference with `controller: true`. */
  readonly owner: OwnerView | null;
  readonly terminating: boolean;
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  /** `clusterIP: None`. */
  readonly headless: boolean;
  /** Null or empty when there is none. */
  readonly selector: Readonly<Record<string, string>> | null;
  readonly ports: readonly ServicePort[];
  readonly ipFamilies: readonly IpFamily[];
  readonly ipFamilyPolicy?: string;
}

export interface EndpointView {
  readonly addresses: readonly string[];
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly targetRef?: { readonly kind: string; readonly namespace: string; readonly name: string; readonly uid: Uid };
  readonly nodeName?: string;
  readonly zone?: string;
}

export interface SlicePort {
  readonly name: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly appProtocol?: string;
}

/**
 * An EndpointSlice. Slices that are not labelled as ours travel as metadata only, with a `spec` of
 * null.
 */
export interface SliceView {
  readonly namespace: string;
  readonly name: string;
  readonly uid: Uid;
  readonly resourceVersion: ResourceVersion;
  /** Label kubernetes.io/service-name. */
  readonly serviceName: string | null;
  /** Label endpointslice.kubernetes.io/managed-by. */
  readonly managedBy: string | null;
  /** Only `zen-lead.io/*`. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly owner: OwnerView | null;
  readonly terminating: boolean;
  /** Label zen-lead.io/election. Absent without it. */
  readonly election?: string;
  /** Label zen-lead.io/slot. Absent without it. */
  readonly slot?: number;
  /** By the clock of the API server. Only of a slice that carries our label and no epoch yet. */
  readonly createdAt?: number;
  readonly spec: {
    readonly addressType: IpFamily | 'FQDN';
    readonly endpoints: readonly EndpointView[];
    readonly ports: readonly SlicePort[];
  } | null;
}

export interface Revisions {
  readonly pods: ResourceVersion;
  readonly services: ResourceVersion;
  readonly slices: ResourceVersion;
}

/**
 * How many candidates were left out, by what the rules made of them: `fit`, `unjudged` or why not
 * fit. No decision depends on it.
 */
export type Omitted = Readonly<Record<string, number>>;

export interface Snapshot {
  /** The source's namespace and name, also when it is gone. */
  readonly namespace: string;
  readonly name: string;
  readonly source: ServiceView | null;
  readonly candidates: readonly Candidate[];
  /** Of a compact snapshot, how many candidates are not here. Absent where all are. */
  readonly omitted?: Omitted;
  /**
   * Every Service but the source that its uid owns, that we left without a controller, or that
   * holds a name that we want.
   */
  readonly services: readonly ServiceView[];
  /**
   * The same for EndpointSlices, and every slice whose `kubernetes.io/service-name` is the leader
   * Service's name.
   */
  readonly slices: readonly SliceView[];
  /** The revisions that the watches had delivered, or the LISTs returned, when this was built. */
  readonly revisions: Revisions;
  /** Which bridge runs the source's health check. Absent where none has a verdict by it. */
  readonly observer?: string;
  /** Of the view of one election among several (elections/electionsOf.ts). Not in events. */
  readonly election?: ElectionView;
}

/** A snapshot as events carry it: the whole source, never the view of one election. */
export type SentSnapshot = Omit<Snapshot, 'election'>;

/**
 * A source that was deleted, and what it owned when that was last seen: enough to announce its end.
 * docs/reference/events.md#the-end-of-a-service
 */
export interface GoneSource {
  readonly uid: Uid;
  readonly services: readonly ServiceView[];
  /** Of the leader Service. */
  readonly slices: readonly SliceView[];
}

export function serviceKey(namespace: string, name: string): ServiceKey {
  return `${namespace}/${name}` as ServiceKey;
}
