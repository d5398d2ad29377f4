/**
 * Facts: what a decision asked to have read, beside the flow, its record and its Jobs.
 *
 * The rules read nothing. A decision that lacks a fact says which (`Decision.reads`), and is made
 * again with it. Keys are those of `factKey`.
 */

import type { Values } from './record.ts';

export type Read =
  /** What the Job of an attempt gave. */
  | { readonly kind: 'outputs'; readonly step: string; readonly attempt: number; readonly job: string }
  /** Of the container that ended last, of a Job that has failed. */
  | { readonly kind: 'exitCode'; readonly job: string; readonly uid: string }
  /** One key of a ConfigMap, for an input. */
  | { readonly kind: 'configMap'; readonly name: string; readonly key: string }
  /** The ConfigMap of a memoized step. */
  | { readonly kind: 'memo'; readonly name: string }
  /** Who of the group may run. */
  | { readonly kind: 'group'; readonly lease: string };

export interface MemoView {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Epoch milliseconds. */
  readonly storedAt: number;
  readonly outputs: Values;
}

/** The Lease of a group, and what has become of the flow that holds it. */
export interface GroupView {
  /** Null before the first flow of the group. */
  readonly lease: { readonly uid: string; readonly resourceVersion: string; readonly holderUid: string } | null;
  /** Null where the holder is gone, has ended, or is the flow itself. */
  readonly holder: GroupHolder | null;
  /** How long the holder took, where it has succeeded. */
  readonly tookMs?: number;
}

export interface GroupHolder {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly createdAt: number;
  /** It was told to end. */
  readonly isShutDown: boolean;
}

/** Each absent where it was not read. */
export interface Facts {
  /** Names that the Job did not give are missing. */
  readonly outputs: Readonly<Record<string, Values>>;
  /** By uid of the Job. Null where no pod of it is left. */
  readonly exitCodes?: Readonly<Record<string, number | null>>;
  /** Null where there is no such key, or its value is longer than a parameter may be. */
  readonly configMaps: Readonly<Record<string, string | null>>;
  /** Null where there is none, or it cannot be read. */
  readonly memos: Readonly<Record<string, MemoView | null>>;
  readonly group: GroupView | null;
}

export const noFacts: Facts = { outputs: {}, configMaps: {}, memos: {}, group: null };

export function attemptKey(step: string, attempt: number): string {
  return `${step}/${attempt}`;
}

export function configMapKey({ name, key }: { readonly name: string; readonly key: string }): string {
  return `${name}/${key}`;
}
