/**
 * Sums up a whole replay in one sentence.
 */

import { formatRfc3339 } from '../../lib/events/rfc3339.ts';

export interface TallyEntry {
  /** `namespace/name` of what was decided about. */
  readonly key: string;
  readonly at: number;
  readonly decision: string | undefined;
  /** The recording holds what it takes to decide again. */
  readonly isDecided: boolean;
  readonly differs: boolean | null;
}

/** What people call one line, and what it is about. */
interface Nouns {
  readonly pass: string;
  readonly passes: string;
  readonly source: string;
}

interface Tally {
  add(entry: TallyEntry): void;
  addBroken(): void;
  addOther(): void;
  readonly differing: () => number;
  readonly broken: () => number;
  render(): string;
}

export function createTally({ pass, passes, source }: Nouns): Tally {
  const services = new Set<string>();
  const decisions = new Map<string, number>();
  let reconciles = 0;
  let differing = 0;
  let compared = 0;
  let undecided = 0;
  let broken = 0;
  let others = 0;
  let firstAt = Number.POSITIVE_INFINITY;
  let lastAt = Number.NEGATIVE_INFINITY;

  return {
    add({ key, at, decision, isDecided, differs }) {
      reconciles += 1;
      services.add(key);
      if (decision !== undefined) decisions.set(decision, (decisions.get(decision) ?? 0) + 1);
      if (!isDecided) undecided += 1;
      if (differs !== null) compared += 1;
      if (differs) differing += 1;
      firstAt = Math.min(firstAt, at);
      lastAt = Math.max(lastAt, at);
    },
    addBroken() {
      broken += 1;
    },
    addOther() {
      others += 1;
    },
    differing: () => differing,
    broken: () => broken,
    render() {
      const kinds = [...decisions].map(([decision, count]) => `${count} ${decision}`).join(', ');
      return [
        reconciles === 0
          ? `no ${pass} of any ${source}`
          : `${reconciles} ${reconciles === 1 ? pass : passes} of ${count(services.size, source)} from ${formatRfc3339(firstAt)} to ${formatRfc3339(lastAt)}: ${kinds || 'none decided'}`,
        ...(compared === 0
          ? []
          : [differing === 0 ? 'all as recorded' : `${differing} decided otherwise than recorded`]),
        ...(undecided === 0 ? [] : [`${undecided} without the state to decide on`]),
        ...(others === 0 ? [] : [`${count(others, 'event')} of another kind`]),
        ...(broken === 0 ? [] : [`${count(broken, 'line')} could not be read`]),
      ].join('; ');
    },
  };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
