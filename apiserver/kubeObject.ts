/**
 * Describes an object as it is stored and handed out: frozen, with the metadata that the server
 * wrote.
 */

import { type Fields, fieldsAt, textAt } from './json.ts';

interface ObjectMeta extends Fields {
  readonly name: string;
  /** Absent for a cluster-scoped object. */
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
}

export interface KubeObject extends Fields {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** Reads the metadata that every stored object has; "" stands for a field that is not set yet. */
export function toKubeObject(fields: Fields): KubeObject {
  const metadata = fieldsAt(fields, 'metadata');
  return {
    ...fields,
    apiVersion: textAt(fields, 'apiVersion') ?? '',
    kind: textAt(fields, 'kind') ?? '',
    metadata: {
      ...metadata,
      name: textAt(metadata, 'name') ?? '',
      uid: textAt(metadata, 'uid') ?? '',
      resourceVersion: textAt(metadata, 'resourceVersion') ?? '',
      creationTimestamp: textAt(metadata, 'creationTimestamp') ?? '',
    },
  };
}

export function withMetadata(object: KubeObject, metadata: Fields): KubeObject {
  return toKubeObject({ ...object, metadata: { ...object.metadata, ...metadata } });
}

export function isTerminating(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}
