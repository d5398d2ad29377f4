/**
 * Describes everything that makes one resource type different from another. The tables in `kinds/`
 * list these; the verbs are generic.
 */

import type { FieldError } from './fieldError.ts';
import type { Fields } from './json.ts';
import type { KubeObject } from './kubeObject.ts';
import type { NameRule } from './nameRules.ts';
import type { Decoded } from './schema/decode.ts';
import type { ServiceAddresses } from './serviceAddresses.ts';

export interface Column {
  readonly name: string;
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  /** Shown with `-o wide` only. */
  readonly isWide?: boolean;
}

/** Null stays empty. */
export type Cell = string | number | boolean | null;

export interface PrepareContext {
  readonly nowAt: number;
  readonly addresses: ServiceAddresses;
}

export interface Kind {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly isNamespaced: boolean;
  /** Name of the schema in `schema/kubernetes.json`. */
  readonly schema: string;
  /** The schema itself, of a kind that is not in that file. */
  readonly openApi?: Fields;
  /** Kinds that share a collection are one storage seen through two API groups (events). */
  readonly collection: string;
  /**
   * True for a kind with `/status`: the main resource then never writes `status`, and `/status`
   * never writes `spec`.
   */
  readonly hasStatus: boolean;
  /** True when a write of `/status` leaves labels and annotations as they are. */
  readonly isStatusAlone: boolean;
  readonly isStrategicPatchAllowed: boolean;
  /** True when `metadata.generation` grows with every change outside metadata and status. */
  readonly hasGeneration: boolean;
  /** True when PUT creates an object that is not there. */
  readonly isCreatedOnUpdate: boolean;
  /** True when PUT without a resourceVersion is accepted. */
  readonly isUnconditionalUpdateAllowed: boolean;
  /** True when a finished delete returns the object instead of a Status. */
  readonly isDeletedReturned: boolean;
  readonly nameRule: NameRule;
  readonly columns: readonly Column[];
  readonly cells: (object: KubeObject, nowAt: number) => readonly Cell[];
  /** Field selectors beyond metadata.name and metadata.namespace. */
  readonly selectable: Readonly<Record<string, (object: KubeObject) => string>>;
  /** Prunes and checks what a client sent. */
  readonly decode: (input: Fields) => Decoded;
  /**
   * Fills in what the client left out. `previous` is the stored object on an update. Pure but for
   * the addresses.
   */
  readonly prepare: (object: Fields, previous: KubeObject | null, context: PrepareContext) => Fields;
  readonly validate: (object: KubeObject, previous: KubeObject | null) => readonly FieldError[];
  readonly toStored: (object: Fields) => Fields;
  readonly fromStored: (object: KubeObject) => KubeObject;
}

export function groupVersionOf(kind: Kind): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** Returns `ns/name`, or `name` for a cluster-scoped kind. LIST sorts by it, as etcd does. */
export function keyOf(kind: Kind, namespace: string | undefined, name: string): string {
  return kind.isNamespaced ? `${namespace ?? ''}/${name}` : name;
}
