/**
 * Write: one change to one of our objects, as data.
 *
 * Guarantees: every patch and delete carries the uid and the resourceVersion that it was decided on
 * (S3). A create uses a fixed name, which is its only fence. What must not be decided twice is made
 * empty first (`placeholder`), and a patch fills it. Writes are in the order in which they must
 * happen.
 */

import type { DemotionOrder } from './demotion.ts';
import type { ResourceVersion, Uid } from './snapshot.ts';

export type WriteResource = 'services' | 'endpointslices';

/**
 * `route` changes where traffic goes and comes at once. `follow` (followers, tidying) waits for the
 * next reconcile, unless there is no `route` write in this one.
 */
export type Stage = 'route' | 'follow';

export type Write = { readonly stage: Stage; readonly namespace: string; readonly name: string } & (
  | {
      readonly kind: 'create';
      readonly resource: WriteResource;
      /** As desired. */
      readonly object: Readonly<Record<string, unknown>>;
      /**
       * The same object with nothing decided in it. Where it is given, it is made first, and what
       * goes in is decided on the state after that.
       */
      readonly placeholder?: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: 'patch';
      readonly resource: WriteResource;
      /** JSON merge patch (RFC 7386). It holds `metadata.uid` and `metadata.resourceVersion`. */
      readonly patch: Readonly<Record<string, unknown>>;
      readonly uid: Uid;
      readonly resourceVersion: ResourceVersion;
      /** What the writer has to carry out once this is written, and it alone. */
      readonly demotes?: DemotionOrder;
    }
  | {
      readonly kind: 'delete';
      readonly resource: WriteResource;
      readonly uid: Uid;
      readonly resourceVersion: ResourceVersion;
    }
  /**
   * Deletes what the endpoints controller left behind under the leader Service's name
   * (docs/reference/objects.md#what-is-ours, the one exception).
   */
  | { readonly kind: 'deleteControllerEndpoints' }
);
