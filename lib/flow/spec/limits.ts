/**
 * The bounds of what a flow may hold. The CRD has them too, and is written from them.
 */

export const limits = {
  /** What etcd holds of one flow bounds it. 1,000 steps with shared templates fit. */
  steps: 1_000,
  finally: 32,
  /** Of a whole spec. etcd takes 1.5 MiB, and status and managed fields have to fit beside it. */
  specBytes: 524_288,
  /** The name of a flow is a label, and the beginning of other names. */
  flowName: 63,
  /** Of a schedule, as of a CronJob: a minute follows, and the whole is the name of a flow. */
  scheduleName: 52,
  /** Of each kind that a schedule keeps. */
  history: 100,
  templates: 64,
  dependencies: 64,
  parameters: 64,
  /** Bytes of one value. costBound.ts of lib/expression counts with it. */
  parameterBytes: 4_096,
  message: 1_024,
  condition: 1_024,
  /** A name becomes a label, and part of the name of a Job. */
  name: 52,
  parallelism: 500,
  retries: 100,
  inputs: 32,
  outputs: 16,
  /** Bytes of all values together: what a kubelet keeps of the message of one container. */
  stepOutputs: 4_096,
  /**
   * Bytes of JSON. They stand in the record, beside the steps. Inputs that are read may be as many.
   */
  flowOutputs: 131_072,
  /** Beyond it etcd's limit comes near. */
  record: 524_288,
  status: 393_216,
  items: 10_000,
  /** A ConfigMap may have 1 MiB. */
  itemBytes: 524_288,
  resourceTemplates: 16,
  /** Who may approve. */
  approvers: 64,
  /** Of a name of an object, a key or a path. */
  reference: 253,
  concurrencyKey: 63,
  /** Of batch/v1: rules of a podFailurePolicy, and patterns of conditions in each. */
  podFailureRules: 20,
  exitCodes: 255,
  containerName: 63,
  conditionType: 316,
  /** 2^31 - 1: what `int32` fields of a Job hold. */
  int32: 2_147_483_647,
} as const;
