/**
 * Escapes what a terminal would act on, in text that comes from a recording or a cluster.
 *
 * Guarantees: no control character is left (C0, DEL, C1, so no ESC, CSI, OSC or BEL), and none that
 * reorders what is read (bidirectional controls). The escape is that of JSON, so a JSON document
 * keeps its meaning.
 * Source: ECMA-48 (C0, C1); Unicode Standard Annex 9 (bidirectional controls).
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about.
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Of one line: a line feed is escaped too. */
export function escapeControls(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Of a text of several lines, whose line feeds stay. */
export function escapeLines(text: string): string {
  return text.split('\n').map(escapeControls).join('\n');
}
