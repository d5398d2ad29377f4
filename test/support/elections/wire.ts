/**
 * wire: between functions, which know a Service with the election `storyElection`, and a fake API
 * whose story knows one election without a name.
 */

import { label } from '../../../lib/selection/names.ts';
import { storyElection, toElection } from '../storyElection.ts';
import { isOfElection, namesOf, toStory } from './underElection.ts';

export interface Wire {
  /** What a function asks for. */
  toStory<Asked>(asked: Asked): Asked;
  /** What the API answers. */
  toCluster<Answer>(answer: Answer): Answer;
}

const plain: Wire = { toStory: (asked) => asked, toCluster: (answer) => answer };

/** `source`: the Service of the stories. */
export function wireOf(source: string): Wire {
  if (storyElection === '') return plain;
  const names = namesOf(source);
  return {
    toStory: (asked) => toStory(asked, names, isDropped) as typeof asked,
    toCluster: (answer) => toCluster(answer, names.toCluster) as typeof answer,
  };
}

/** The label that a function writes is the one that it reads later. */
function isDropped(field: readonly [string, unknown]): boolean {
  return field[0] !== label.election && isOfElection(field);
}

function toCluster(value: unknown, toName: (text: string) => string): unknown {
  if (typeof value === 'string') return toName(value);
  if (Array.isArray(value)) return value.map((each) => toCluster(each, toName));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => {
      const own = toCluster(field, toName);
      return [key, key === 'annotations' ? toElection(own as Readonly<Record<string, string>>) : own];
    }),
  );
}
