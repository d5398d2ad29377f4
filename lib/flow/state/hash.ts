/**
 * Hashes a text to 53 bits, or to eight characters that a name may have.
 *
 * It is no protection against a person who looks for a collision: what has a hash in its name also
 * says in a label whose it is, and a taken name is refused.
 * Source: cyrb53, https://github.com/bryc/code/blob/master/jshash/experimental/cyrb53.js (public
 * domain)
 */

/** 36^8 is 41 bits: two of 1,000 names of one flow meet with a probability of 2 in 10 million. */
const NAME_LENGTH = 8;

export function hashName(...parts: readonly string[]): string {
  return (hash53(parts.join('\n')) % 36 ** NAME_LENGTH).toString(36).padStart(NAME_LENGTH, '0');
}

export function hash53(text: string): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 2_654_435_761);
    b = Math.imul(b ^ code, 1_597_334_677);
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909);
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return 4_294_967_296 * (2_097_151 & b) + (a >>> 0);
}
