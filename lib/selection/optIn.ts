/**
 * Which Services asked for a leader. docs/reference/annotations.md#annotations.
 */

import { annotation } from './names.ts';
import type { ServiceView } from './snapshot.ts';

/**
 * Carries `zen-lead.io/enabled`, whatever its value: a value that cannot be read must not remove anything, and "false" has to
 * be looked at once more to remove what was made.
 */
export function isOptedIn({ annotations }: Pick<ServiceView, 'annotations'>): boolean {
  return annotations[annotation.enabled] !== undefined;
}
