/**
 * OnDemote: what `zen-lead.io/on-demote` can ask for.
 */

export const onDemoteValues = ['none', 'evict', 'delete'] as const;
export type OnDemote = (typeof onDemoteValues)[number];
