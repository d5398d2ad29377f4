/**
 * Prints a figure that a story has measured. Kept in one place so that all of them look the same.
 */

export function note(what: string, milliseconds: number): void {
  console.log(`cluster figure: ${what} ${Math.round(milliseconds)} ms`);
}
