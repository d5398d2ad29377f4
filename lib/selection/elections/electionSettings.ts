/**
 * Reads which elections a source asks for, and how many pods each elects.
 * docs/reference/annotations.md#elections
 *
 * Guarantees: never throws. A value that cannot be read is null, and the caller decides what that
 * may and may not change.
 */

import { annotation } from '../names.ts';

/** One election of a source, or one slot of a pool. A source that asks for neither has `''`, 0. */
export interface ElectionRef {
  readonly election: string;
  readonly slot: number;
}

export const theElection: ElectionRef = { election: '', slot: 0 };

/** Each makes a Service and a slice, so a user's annotation must not make hundreds. */
export const MAX_ELECTIONS = 8;
export const MAX_ACTIVE = 16;

export const spreads = ['prefer', 'require', 'none'] as const;
export type Spread = (typeof spreads)[number];

type Annotations = Readonly<Record<string, string>>;

/** RFC 1123 label: a part of a Service's name, and of an annotation's prefix. */
const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** False for nearly every source, which then costs nothing more. */
export function asksForElections(annotations: Annotations): boolean {
  return annotations[annotation.elections] !== undefined || annotations[annotation.active] !== undefined;
}

/** In the order of the text, without duplicates. */
export function parseElections(text: string): readonly string[] | null {
  const names = [...new Set(text.split(',').map((each) => each.trim()))];
  return names.length <= MAX_ELECTIONS && names.every((name) => dnsLabel.test(name)) ? names : null;
}

export function parseActive(text: string): number | null {
  const value = /^[1-9]\d?$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= MAX_ACTIVE ? value : null;
}

export function parseSpread(text: string): Spread | null {
  return spreads.find((each) => each === text) ?? null;
}

/** `['']` without the annotation. Null where it cannot be read. */
export function electionNames(annotations: Annotations): readonly string[] | null {
  const text = annotations[annotation.elections];
  return text === undefined ? [''] : parseElections(text);
}

/** How many slots an election has. Null where that cannot be read. */
export function activeOf(annotations: Annotations, election: string): number | null {
  const text = readOwn(annotations, election, annotation.active);
  return text === undefined ? 1 : parseActive(text);
}

/** The election's own value of an annotation, else that of the whole source. */
export function readOwn(annotations: Annotations, election: string, key: string): string | undefined {
  return (election === '' ? undefined : annotations[prefixed(election, key)]) ?? annotations[key];
}

/** `writer.zen-lead.io/strategy` */
export function prefixed(election: string, key: string): string {
  return `${election}.${key}`;
}

export function isSameElection(a: ElectionRef, b: ElectionRef): boolean {
  return a.election === b.election && a.slot === b.slot;
}

/** Tells the slots of a source apart. */
export function electionKey({ election, slot }: ElectionRef): string {
  return `${election}/${slot}`;
}
