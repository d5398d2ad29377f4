/**
 * Declares the few calls that zen-lead makes to a Kubernetes API server.
 *
 * Every method rejects with a ZenLeadError whose code starts with KUBE_ (or `ABORTED`), mapped once
 * in kubeError.ts. Bodies are `unknown`: the caller parses them (`parsePod`, `parseService`,
 * `parseSlice`).
 */

/** A resource by its URL, without a namespace: `/api/v1` + `pods`. */
export interface Resource {
  readonly groupVersion:
    | '/api/v1'
    | '/apis/discovery.k8s.io/v1'
    | '/apis/events.k8s.io/v1'
    | '/apis/coordination.k8s.io/v1'
    | '/apis/authentication.k8s.io/v1'
    | '/apis/authorization.k8s.io/v1'
    | '/apis/admissionregistration.k8s.io/v1'
    | '/apis/batch/v1'
    | '/apis/apps/v1'
    | '/apis/autoscaling/v2'
    | '/apis/keda.sh/v1alpha1'
    | '/apis/workflow.kube-zen.io/v1alpha1'
    | '/apis/locks.zen-lead.io/v1alpha1';
  readonly plural: string;
  /** Of one object: `PATCH …/<name>/status`. */
  readonly subresource?: 'status' | 'scale';
  /** Of each create: `dryRun=All`. */
  readonly query?: string;
}

export const pods: Resource = { groupVersion: '/api/v1', plural: 'pods' };
export const configMaps: Resource = { groupVersion: '/api/v1', plural: 'configmaps' };
export const persistentVolumeClaims: Resource = { groupVersion: '/api/v1', plural: 'persistentvolumeclaims' };
export const secrets: Resource = { groupVersion: '/api/v1', plural: 'secrets' };
export const services: Resource = { groupVersion: '/api/v1', plural: 'services' };
export const nodes: Resource = { groupVersion: '/api/v1', plural: 'nodes' };
export const endpoints: Resource = { groupVersion: '/api/v1', plural: 'endpoints' };
export const endpointSlices: Resource = { groupVersion: '/apis/discovery.k8s.io/v1', plural: 'endpointslices' };
export const events: Resource = { groupVersion: '/apis/events.k8s.io/v1', plural: 'events' };
export const leases: Resource = { groupVersion: '/apis/coordination.k8s.io/v1', plural: 'leases' };

export const replicaSets: Resource = { groupVersion: '/apis/apps/v1', plural: 'replicasets' };
export const deployments: Resource = { groupVersion: '/apis/apps/v1', plural: 'deployments' };
export const statefulSets: Resource = { groupVersion: '/apis/apps/v1', plural: 'statefulsets' };
export const horizontalPodAutoscalers: Resource = {
  groupVersion: '/apis/autoscaling/v2',
  plural: 'horizontalpodautoscalers',
};
/** Of KEDA. */
export const scaledObjects: Resource = { groupVersion: '/apis/keda.sh/v1alpha1', plural: 'scaledobjects' };

export const jobs: Resource = { groupVersion: '/apis/batch/v1', plural: 'jobs' };
export const jobFlows: Resource = { groupVersion: '/apis/workflow.kube-zen.io/v1alpha1', plural: 'jobflows' };
export const jobFlowStatus: Resource = { ...jobFlows, subresource: 'status' };
export const jobFlowRecords: Resource = { ...jobFlows, plural: 'jobflowrecords' };
export const jobFlowSchedules: Resource = { ...jobFlows, plural: 'jobflowschedules' };
export const jobFlowScheduleStatus: Resource = { ...jobFlowSchedules, subresource: 'status' };

const webhookConfigurations = { groupVersion: '/apis/admissionregistration.k8s.io/v1' } as const;
/** In no namespace. */
export const validatingWebhookConfigurations: Resource = {
  ...webhookConfigurations,
  plural: 'validatingwebhookconfigurations',
};
export const mutatingWebhookConfigurations: Resource = {
  ...webhookConfigurations,
  plural: 'mutatingwebhookconfigurations',
};

export const manualLocks: Resource = { groupVersion: '/apis/locks.zen-lead.io/v1alpha1', plural: 'manuallocks' };
export const manualLockStatus: Resource = { ...manualLocks, subresource: 'status' };

export const tokenReviews: Resource = { groupVersion: '/apis/authentication.k8s.io/v1', plural: 'tokenreviews' };
export const selfSubjectReviews: Resource = {
  groupVersion: '/apis/authentication.k8s.io/v1',
  plural: 'selfsubjectreviews',
};
export const subjectAccessReviews: Resource = {
  groupVersion: '/apis/authorization.k8s.io/v1',
  plural: 'subjectaccessreviews',
};

export interface ListPage {
  readonly resourceVersion: string;
  /** Absent on the last page. */
  readonly continue?: string;
  readonly items: readonly unknown[];
  /**
   * How many objects the later pages hold. Absent on the last page, and where a selector chooses.
   */
  readonly remaining?: number;
  /**
   * Characters of the answer, which are its bytes where it is ASCII. Absent where that is not
   * known.
   */
  readonly length?: number;
}

export interface ListQuery {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'NotOlderThan' | 'Exact';
  /** Ask for PartialObjectMetadata instead of whole objects. */
  readonly metadataOnly?: boolean;
}

export interface WatchQuery {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion: string;
  readonly timeoutSeconds: number;
  readonly metadataOnly?: boolean;
}

export interface Preconditions {
  readonly uid: string;
  readonly resourceVersion: string;
}

/**
 * `namespace` undefined: all namespaces for list and watch, and a review, which is in none, for
 * create.
 */
export interface KubeApi {
  /** One page, as the server gave it. Consistent: never `resourceVersion=0`. */
  list(resource: Resource, namespace: string | undefined, query: ListQuery, signal: AbortSignal): Promise<ListPage>;
  /**
   * One watch request: yields each line, parsed as JSON and nothing more. Ends when the server ends
   * it cleanly. Throws `WATCH_BROKEN` on a line that cannot be read or is cut in its middle. Throws
   * `KUBE_GONE` only for an HTTP 410 (an ERROR line is yielded).
   */
  watch(
    resource: Resource,
    namespace: string | undefined,
    query: WatchQuery,
    signal: AbortSignal,
    /**
     * Called when the server has accepted the watch: a quiet one has no other sign of life for a
     * minute.
     */
    onOpen?: () => void,
  ): AsyncIterable<unknown>;
  get(resource: Resource, namespace: string | undefined, name: string, signal: AbortSignal): Promise<unknown>;
  create(resource: Resource, namespace: string | undefined, object: object, signal: AbortSignal): Promise<unknown>;
  /** JSON merge patch; the preconditions are part of the body. */
  mergePatch(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    patch: object,
    signal: AbortSignal,
  ): Promise<unknown>;
  /** Background propagation. */
  delete(
    resource: Resource,
    namespace: string,
    name: string,
    preconditions: Pick<Preconditions, 'uid'> & Partial<Preconditions>,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Asks for the eviction of a pod, which a PodDisruptionBudget can refuse
   * (`KUBE_EVICTION_REFUSED`).
   * https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
   */
  evict(namespace: string, name: string, uid: string, signal: AbortSignal): Promise<void>;
  /**
   * Raw GET of a path such as `/openid/v1/jwks` or `/readyz`; the parsed JSON, or the text where it
   * is not JSON.
   */
  getPath(path: string, signal: AbortSignal): Promise<unknown>;
  close(): Promise<void>;
}
