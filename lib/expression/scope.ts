/** Says what a condition may name, and what is wrong with one that names something else. */

export interface ConditionScope {
  /** The steps whose results it may read: those that have ended whenever it is evaluated. */
  readonly steps: Pick<ReadonlySet<string>, 'has'>;
  /** Every step of the flow, so that a message can tell a late step from an unknown one. */
  readonly allSteps: ReadonlySet<string>;
  readonly parameters: ReadonlySet<string>;
  /** The names of what each step gives, by step; none where absent. */
  readonly outputs: ReadonlyMap<string, readonly string[]>;
  /** It decides about a retry, and may read `exitCode`, `reason` and `attempt`. */
  readonly isRetry: boolean;
  /** It decides about an item of `forEach`, and may read `item`. */
  readonly hasItem?: boolean;
}

export interface ConditionProblem {
  readonly kind: 'problem';
  readonly message: string;
  /** Characters from the beginning of the text; null where it concerns the whole. */
  readonly at: number | null;
}
