/**
 * Action: declares something that happens to the cluster from outside, at a random instant.
 */

export interface Action {
  readonly name: string;
  /** How often it is chosen, against the others. */
  readonly weight: number;
  /** Says what it did, or null when there was nothing to do it to. */
  run(): string | null;
}
