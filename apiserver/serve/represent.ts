/**
 * Writes objects as JSON text: whole, as metadata, or as a table; alone, in a list, or in a watch
 * event.
 *
 * Guarantees: the text of an object that many watches send is made once.
 */

import { type Fields, without } from '../json.ts';
import { groupVersionOf, type Kind } from '../kind.ts';
import type { KubeObject } from '../kubeObject.ts';
import type { ListPage } from '../verbs/listObjects.ts';
import type { Form } from './negotiate.ts';

export interface RepresentOptions {
  readonly form: Form;
  /** What each row of a table carries along. */
  readonly includeObject: 'None' | 'Metadata' | 'Object';
  readonly nowAt: number;
  /** False for the later tables of a watch, which omit the columns of the first. */
  readonly hasColumns: boolean;
}

export function parseIncludeObject(query: URLSearchParams): RepresentOptions['includeObject'] {
  const value = query.get('includeObject');
  return value === 'None' || value === 'Object' ? value : 'Metadata';
}

/** `object` has the stored form. */
export function representObject(kind: Kind, object: KubeObject, options: RepresentOptions): string {
  switch (options.form) {
    case 'metadata':
      return JSON.stringify(metadataOf(object));
    case 'table':
      return representTable(kind, [object], { resourceVersion: object.metadata.resourceVersion }, options);
    case 'object':
      return `{"kind":${JSON.stringify(kind.kind)},"apiVersion":"${groupVersionOf(kind)}",${bodyText(kind, object).slice(1)}`;
  }
}

export function representList(kind: Kind, page: ListPage, options: RepresentOptions): string {
  const { objects, ...metadata } = page;
  if (options.form === 'table') return representTable(kind, objects, metadata, options);
  const isMetadata = options.form === 'metadata';
  const type = isMetadata
    ? '"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1"'
    : `"kind":"${kind.kind}List","apiVersion":"${groupVersionOf(kind)}"`;
  // The items of a list have no kind and no apiVersion, as in the real server.
  const items = objects.map((object) => (isMetadata ? JSON.stringify(metadataOf(object)) : bodyText(kind, object)));
  return `{${type},"metadata":${JSON.stringify(metadata)},"items":[${items.join(',')}]}`;
}

function representTable(
  kind: Kind,
  objects: readonly KubeObject[],
  metadata: Fields,
  options: RepresentOptions,
): string {
  return JSON.stringify({
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: options.hasColumns
      ? kind.columns.map(({ name, type, isWide }) => ({
          name,
          type: type ?? 'string',
          format: name === 'Name' ? 'name' : '',
          description: '',
          priority: isWide === true ? 1 : 0,
        }))
      : null,
    rows: objects.map((object) => ({
      cells: kind.cells(object, options.nowAt),
      object: rowObject(kind, object, options),
    })),
  });
}

function rowObject(kind: Kind, object: KubeObject, { includeObject }: RepresentOptions): unknown {
  if (includeObject === 'None') return null;
  return includeObject === 'Object' ? kind.fromStored(object) : metadataOf(object);
}

function metadataOf(object: KubeObject): Fields {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

/**
 * Every watch in turn asks for the object of one change; more than a few are never pending at once.
 */
const keptTexts = 64;
const texts = new Map<KubeObject, string>();

function bodyText(kind: Kind, stored: KubeObject): string {
  const object = kind.fromStored(stored);
  const known = texts.get(object);
  if (known !== undefined) return known;
  const { metadata } = object;
  // A dry run stores nothing, and so its version is empty.
  const shown = metadata.resourceVersion === '' ? without(metadata, 'resourceVersion') : metadata;
  const text = JSON.stringify({ metadata: shown, ...without(object, 'kind', 'apiVersion', 'metadata') });
  texts.set(object, text);
  if (texts.size > keptTexts) {
    const oldest = texts.keys().next().value;
    if (oldest !== undefined) texts.delete(oldest);
  }
  return text;
}
