/**
 * Selection: says which objects of a collection a LIST or a watch asks for, and in which form.
 */

import type { KubeObject as ApiObject } from '../../apiserver/kubeObject.ts';
import { parseLabelSelector } from '../../apiserver/labelSelector.ts';
import type { KubeObject } from './kubeObject.ts';

export interface Selection {
  readonly plural: string;
  readonly isMetadataOnly: boolean;
  matches(object: KubeObject): boolean;
}

/** Parses label selectors as an API server does; of field selectors only `metadata.name=`. */
export function toSelection(
  plural: string,
  query: { readonly labelSelector?: string; readonly fieldSelector?: string; readonly metadataOnly?: boolean },
  namespace?: string,
): Selection {
  const hasLabels = parseLabelSelector(query.labelSelector ?? '') ?? ((): boolean => true);
  const name = /^metadata\.name=(.+)$/.exec(query.fieldSelector ?? '')?.[1];
  return {
    plural,
    isMetadataOnly: query.metadataOnly === true,
    matches: (object) =>
      (namespace === undefined || object.metadata.namespace === namespace) &&
      (name === undefined || object.metadata.name === name) &&
      hasLabels(object as unknown as ApiObject),
  };
}

export function toItem(object: KubeObject, { isMetadataOnly }: Selection): object {
  return isMetadataOnly ? { kind: 'PartialObjectMetadata', metadata: object.metadata } : object;
}
