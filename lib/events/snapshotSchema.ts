/**
 * Holds the zod schema of a Snapshot as it travels in events. The type in
 * `lib/selection/snapshot.ts` is the contract. The compiler checks one direction of their agreement
 * (`satisfies`), and a test the other.
 *
 * Guarantees: unknown fields pass (a newer bridge can send to an older function) and are dropped.
 * Every list has a bound.
 */

import { z } from 'zod';
import { detailForm, MAX_CONDITION_LENGTH, MAX_ZONE_LENGTH, type ObservationDetail } from '../selection/observation.ts';
import type {
  Candidate,
  EndpointView,
  GoneSource,
  Health,
  NamedPort,
  NodeState,
  OwnerView,
  ResourceVersion,
  ServicePort,
  ServiceView,
  SlicePort,
  SliceView,
  Snapshot,
  Uid,
} from '../selection/snapshot.ts';

/**
 * Bounds work, not size. An event has 256 KiB at most, but a reply after a read carries every
 * candidate. A reply that cannot be read loses its timer. The bound is four times the 5,000
 * endpoints that Kubernetes' own large-cluster tests give a Service.
 */
const MAX_ITEMS = 20_000;
/** DNS subdomain: the longest name Kubernetes has. */
const MAX_NAME = 253;

const list = <T extends z.ZodType>(element: T) => z.array(element).max(MAX_ITEMS);
export const name = z.string().min(1).max(MAX_NAME);
const branded = <T>() => z.string().min(1).max(128) as unknown as z.ZodType<T, string>;
export const uid = branded<Uid>();
const resourceVersion = branded<ResourceVersion>();
export const instant = z.int().min(0);
const port = z.int().min(0).max(65_535);
const protocol = z.enum(['TCP', 'UDP', 'SCTP']);
const family = z.enum(['IPv4', 'IPv6']);
const strings = z.record(z.string(), z.string());

const namedPort = z.object({ name: z.string(), port, protocol }) satisfies z.ZodType<NamedPort>;

export const verdict = z.enum(['passing', 'failing']);
export const detail = z.string().regex(detailForm) as unknown as z.ZodType<ObservationDetail, string>;

export const role = z.enum(['primary', 'other']);

const health = z.object({
  verdict,
  role: role.exactOptional(),
  since: instant,
  detail: detail.exactOptional(),
}) satisfies z.ZodType<Health>;

export const nodeState = z.object({
  verdict: z.enum(['alive', 'silent']),
  since: instant,
  cordoned: z.boolean().exactOptional(),
  zone: z.string().max(MAX_ZONE_LENGTH).exactOptional(),
  condition: z.string().min(1).max(MAX_CONDITION_LENGTH).exactOptional(),
}) satisfies z.ZodType<NodeState>;

const candidate = z.object({
  name,
  uid,
  createdAt: instant,
  phase: z.enum(['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown']),
  ready: z.boolean(),
  readyChangedAt: instant.exactOptional(),
  terminating: z.boolean(),
  ips: list(z.string().max(64)),
  nodeName: z.string().exactOptional(),
  zone: z.string().exactOptional(),
  ports: list(namedPort),
  priority: z.string().exactOptional(),
  weight: z.string().exactOptional(),
  exclude: z.string().exactOptional(),
  selected: z.boolean(),
  health: health.exactOptional(),
  node: nodeState.exactOptional(),
}) satisfies z.ZodType<Candidate>;

const owner = z.object({ kind: z.string(), name: z.string(), uid }) satisfies z.ZodType<OwnerView>;

const servicePort = z.object({
  name: z.string(),
  protocol,
  port,
  targetPort: z.union([port, z.string()]),
  appProtocol: z.string().exactOptional(),
}) satisfies z.ZodType<ServicePort>;

const service = z.object({
  namespace: name,
  name,
  uid,
  resourceVersion,
  labels: strings,
  annotations: strings,
  owner: owner.nullable(),
  terminating: z.boolean(),
  type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']),
  headless: z.boolean(),
  selector: strings.nullable(),
  ports: list(servicePort),
  ipFamilies: z.array(family).max(2),
  ipFamilyPolicy: z.string().exactOptional(),
}) satisfies z.ZodType<ServiceView>;

const endpoint = z.object({
  addresses: list(z.string()),
  ready: z.boolean(),
  serving: z.boolean(),
  terminating: z.boolean(),
  targetRef: z.object({ kind: z.string(), namespace: z.string(), name: z.string(), uid }).exactOptional(),
  nodeName: z.string().exactOptional(),
  zone: z.string().exactOptional(),
}) satisfies z.ZodType<EndpointView>;

const slicePort = z.object({
  name: z.string(),
  port,
  protocol,
  appProtocol: z.string().exactOptional(),
}) satisfies z.ZodType<SlicePort>;

const slice = z.object({
  namespace: name,
  name,
  uid,
  resourceVersion,
  serviceName: z.string().nullable(),
  managedBy: z.string().nullable(),
  annotations: strings,
  owner: owner.nullable(),
  terminating: z.boolean(),
  election: z.string().max(MAX_NAME).exactOptional(),
  slot: z.int().min(0).max(99).exactOptional(),
  createdAt: instant.exactOptional(),
  spec: z
    .object({ addressType: z.enum(['IPv4', 'IPv6', 'FQDN']), endpoints: list(endpoint), ports: list(slicePort) })
    .nullable(),
}) satisfies z.ZodType<SliceView>;

/** The name of a bridge's pod, where it has one. */
export const observer = z.string().min(1).max(MAX_NAME);
/** A source has one leader Service and two slices; the rest is for a rename that was cut short. */
const MAX_GONE_ITEMS = 16;

export const goneSourceSchema = z.object({
  uid,
  services: z.array(service).max(MAX_GONE_ITEMS),
  slices: z.array(slice).max(MAX_GONE_ITEMS),
}) satisfies z.ZodType<GoneSource>;

export const snapshotSchema = z
  .object({
    namespace: name,
    name,
    source: service.nullable(),
    candidates: list(candidate),
    omitted: z.record(z.string(), z.int().min(0)).exactOptional(),
    services: list(service),
    slices: list(slice),
    revisions: z.object({ pods: resourceVersion, services: resourceVersion, slices: resourceVersion }),
    observer: observer.exactOptional(),
  })
  .meta({ id: 'Snapshot', description: 'Everything one decision depends on.' }) satisfies z.ZodType<Snapshot>;
