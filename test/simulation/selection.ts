/**
 * Selection: says which objects of a collection a LIST or a watch asks for, and in which form.
 */

import { type KubeObject, labelOf } from './kubeObject.ts';

export interface Selection {
  readonly plural: string;
  readonly isMetadataOnly: boolean;
  matches(object: KubeObject): boolean;
}

/**
 * Parses only the two forms of label selectors that zen-lead sends, `key=value` and `key!=value`.
 */
export function toSelection(
  plural: string,
  query: { readonly labelSelector?: string; readonly metadataOnly?: boolean },
): Selection {
  const [, key = '', operator, value] = /^([^=!]+)(!?=)(.*)$/.exec(query.labelSelector ?? '') ?? [];
  return {
    plural,
    isMetadataOnly: query.metadataOnly === true,
    matches: (object) => operator === undefined || (labelOf(object, key) === value) === (operator === '='),
  };
}

export function toItem(object: KubeObject, { isMetadataOnly }: Selection): object {
  return isMetadataOnly ? { kind: 'PartialObjectMetadata', metadata: object.metadata } : object;
}
