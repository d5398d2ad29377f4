/**
 * Says which Services asked for a leader. docs/reference/annotations.md#annotations.
 */

import { annotation } from './names.ts';
import type { ServiceView } from './snapshot.ts';

/**
 * True for a Service that carries `zen-lead.io/enabled`, whatever its value. A value that cannot be
 * read must not remove anything, and "false" needs one more reconcile to remove what was made.
 */
export function isOptedIn({ annotations }: Pick<ServiceView, 'annotations'>): boolean {
  return annotations[annotation.enabled] !== undefined;
}
