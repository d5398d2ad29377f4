/**
 * ObjectChange: what a reflector tells, and the store takes in.
 */

/** What every projection has. */
export interface ReflectedObject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion?: string;
}

export type ObjectChange<T> =
  | { readonly kind: 'added'; readonly object: T }
  /** Same name and uid. */
  | { readonly kind: 'modified'; readonly object: T; readonly previous: T }
  /** With the last view that was told. */
  | { readonly kind: 'deleted'; readonly object: T };
