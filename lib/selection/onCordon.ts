/**
 * OnCordon: what `zen-lead.io/on-cordon` can ask for.
 */

export const onCordonValues = ['stay', 'move'] as const;
export type OnCordon = (typeof onCordonValues)[number];
