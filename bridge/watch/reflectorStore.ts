/**
 * ReflectorStore: what a reflector keeps in step with the API server. The store holds the objects
 * and compares them; the reflector does neither.
 *
 * Source: https://pkg.go.dev/k8s.io/client-go/tools/cache#ReflectorStore
 */

export interface ObjectIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** What every projection has. */
export interface ReflectedObject extends ObjectIdentity {
  readonly resourceVersion?: string;
}

/**
 * A name identifies an object only with the uid: the store takes another uid under the same name
 * for a delete and an add.
 */
export interface ReflectorStore<T> {
  add(object: T): void;
  update(object: T): void;
  /** Leaves an object of that name alone that has another uid. */
  delete(identity: ObjectIdentity): void;
  /**
   * All that a LIST returned. `unreadable` are the uids of what it returned too and cannot be read:
   * the store keeps its last view. Returns how many objects differ from what it held.
   */
  replace(objects: readonly T[], unreadable: ReadonlySet<string>): Differences;
}

export type Differences = Readonly<Record<'added' | 'modified' | 'deleted', number>>;

/** What a store says about one step, with the views as it holds them. */
export type ObjectChange<T> =
  | { readonly kind: 'added'; readonly object: T }
  /** Same name and uid. */
  | { readonly kind: 'modified'; readonly object: T; readonly previous: T }
  | { readonly kind: 'deleted'; readonly object: T };
