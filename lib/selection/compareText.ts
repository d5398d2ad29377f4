/** compareText: orders texts by code unit. `localeCompare` would order by the machine's locale. */
export function compareText(a: string, b: string): number {
  return Number(a > b) - Number(a < b);
}
