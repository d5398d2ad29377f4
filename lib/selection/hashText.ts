/**
 * Hashes a text to 32 bits by FNV-1a with a final mix. Texts that differ in one character end up
 * far apart. Does not guarantee anything against a person who looks for two equal hashes.
 *
 * Source: http://www.isthe.com/chongo/tech/comp/fnv/
 */

export function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
