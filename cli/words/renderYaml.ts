/**
 * Plain data as YAML, for `-o yaml`. Only what JSON has; every string that YAML could take for something else is quoted as JSON is.
 *
 * Source: YAML 1.2.2, chapter 1.2 (JSON is a subset, so a JSON string is a valid scalar).
 */

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export function renderYaml(value: unknown): string {
  // Through JSON: what it leaves out (undefined) is left out here too.
  return `${render(JSON.parse(JSON.stringify(value)), 0).trimStart()}\n`;
}

/** Starts with a line feed for a block, with a space for a scalar. */
function render(value: Json, depth: number): string {
  const indent = '  '.repeat(depth);
  if (Array.isArray(value)) {
    if (value.length === 0) return ' []';
    return value.map((each) => `\n${indent}- ${renderBlock(each, depth + 1)}`).join('');
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0) return ' {}';
    return entries.map(([key, each]) => `\n${indent}${scalar(key)}:${render(each, depth + 1)}`).join('');
  }
  return ` ${scalar(value)}`;
}

/** A block that starts behind a dash, on the dash's own line. */
function renderBlock(value: Json, depth: number): string {
  return render(value, depth).trimStart();
}

/** Letters, digits and a little more, beginning with a letter; `yes`, `null` and their like are quoted. */
function scalar(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return String(value);
  const isPlain = /^[A-Za-z][\w./ -]*$/.test(value) && !/\s$/.test(value);
  return isPlain && !/^(?:true|false|yes|no|on|off|null|y|n|~)$/i.test(value) ? value : JSON.stringify(value);
}
