/**
 * Prints a figure that a story has measured. All figures have one form.
 */

export function note(what: string, milliseconds: number): void {
  console.log(`cluster figure: ${what} ${Math.round(milliseconds)} ms`);
}
