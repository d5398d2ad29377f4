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
  readonly policy: ExecutionPolicy;
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
