/**
 * FlowSpec: what a user wrote into `spec` of a JobFlow, read and with its defaults.
 *
 * All spans are milliseconds. The order of `steps` means nothing. docs/decisions/flows.md
 */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface FlowSpec {
  readonly steps: readonly Step[];
  /** They run after the last step, however that ended. */
  readonly finally: readonly Step[];
  readonly templates: readonly NamedTemplate[];
  readonly parameters: Readonly<Record<string, string>>;
  /** Steps that run at once. */
  readonly parallelism: number;
  /** Start nothing for now. */
  readonly suspend: boolean;
  /** Start nothing more; `Terminate` also ends what runs. */
  readonly shutdown: 'Stop' | 'Terminate' | null;
  /** While suspended, running Jobs are suspended, too. */
  readonly suspendJobs: boolean;
  readonly policy: ExecutionPolicy;
  readonly resources: ResourceTemplates;
}

/** Objects that the flow owns. A step names one by the name of its template. */
export interface ResourceTemplates {
  readonly claims: readonly NamedTemplate[];
  readonly configMaps: readonly NamedTemplate[];
}

export interface ExecutionPolicy {
  /** Retries of all steps together. */
  readonly backoffLimit: number;
  readonly activeDeadlineMs: number | null;
  readonly finallyDeadlineMs: number;
  readonly onFailure: 'Drain' | 'Cancel';
  readonly retainJobs: 'All' | 'Failed' | 'None';
  readonly ttlMs: number;
  /** Copied into each Job that has none. */
  readonly podFailurePolicy: JsonObject | null;
  /** Flows of one key in a namespace are a group. Null: the flow is in none. */
  readonly concurrencyKey: string | null;
  readonly concurrencyPolicy: 'Allow' | 'Forbid' | 'Replace';
}

export interface NamedTemplate {
  readonly name: string;
  readonly template: JsonObject;
}

export interface Step {
  readonly name: string;
  readonly type: 'Job' | 'Manual';
  /** What a person is asked. */
  readonly message: string | null;
  readonly template: JsonObject | null;
  readonly templateRef: string | null;
  readonly dependencies: readonly string[];
  readonly when: string | null;
  readonly retry: RetryPolicy | null;
  readonly timeoutMs: number | null;
  readonly continueOnFailure: boolean;
  readonly approval: Approval;
  readonly inputs: readonly InputParameter[];
  readonly outputs: readonly OutputParameter[];
  readonly inputArtifacts: readonly InputArtifact[];
  readonly outputArtifacts: readonly OutputArtifact[];
  readonly forEach: ForEach | null;
  readonly memoize: Memoize | null;
  /** Its Job starts only once its uid is recorded. */
  readonly once: boolean;
}

export interface InputParameter {
  readonly name: string;
  readonly from: InputSource;
  /** What it is where the source has no value. Null: the step fails then. */
  readonly fallback: string | null;
}

export type InputSource =
  | { readonly kind: 'value'; readonly value: string }
  | { readonly kind: 'output'; readonly step: string; readonly name: string }
  | { readonly kind: 'jobStatus'; readonly step: string; readonly path: string }
  | { readonly kind: 'configMap' | 'secret'; readonly name: string; readonly key: string };

export interface OutputParameter {
  readonly name: string;
  readonly from: OutputSource;
}

export type OutputSource =
  | { readonly kind: 'jobStatus'; readonly path: string }
  /** `container` null: the first one. `path` null: the whole message. */
  | { readonly kind: 'terminationMessage'; readonly container: string | null; readonly path: string | null }
  | { readonly kind: 'configMap'; readonly name: string; readonly key: string };

/** A folder that a step before has written. */
export interface InputArtifact {
  readonly name: string;
  /** Where each container has it. */
  readonly path: string;
  /** Who has written it, and what it is called there. */
  readonly step: string;
  readonly artifact: string;
  /** Null: the one that the step writes it to. */
  readonly volumeClaim: string | null;
}

/** A folder that others may read, on a claim of spec.resourceTemplates. */
export interface OutputArtifact {
  readonly name: string;
  readonly path: string;
  readonly volumeClaim: string;
}

/** One Indexed Job, with a pod for each item. */
export interface ForEach {
  readonly items: readonly string[] | null;
  /** CEL, where `items` is null. */
  readonly from: string | null;
  readonly parallelism: number;
  /** Items that may fail; null: none, and the others run all the same. */
  readonly maxFailed: number | null;
}

export interface Memoize {
  /** CEL; null: a hash of the rendered Job. */
  readonly key: string | null;
  readonly ttlMs: number | null;
}

export interface RetryPolicy {
  /** Attempts after the first. */
  readonly limit: number;
  readonly type: 'Exponential' | 'Linear' | 'Fixed';
  readonly delayMs: number;
  readonly factor: number;
  readonly maxDelayMs: number;
  readonly when: string | null;
}

export interface Approval {
  /** Who may answer. Without both lists each one may who has the right. */
  readonly users: readonly string[];
  readonly groups: readonly string[];
  /** Not the one who created the flow. */
  readonly notInitiator: boolean;
  readonly timeoutMs: number | null;
  readonly onTimeout: 'Reject' | 'Approve' | 'Skip';
}

/** Something wrong with a flow, or worth a warning. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  /** `spec.steps[2].when` */
  readonly path: string;
  readonly message: string;
}
