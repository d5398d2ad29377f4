/**
 * newTraceparent: makes a W3C trace context for one event. Its trace id is in the log lines of
 * bridge and function. Where the bridge traces, traceSink.ts writes into it what was sampled.
 *
 * Source: https://www.w3.org/TR/trace-context/#traceparent-header (version 00; neither id may be
 * all zeros; 00: not sampled).
 */

/** `random` gives numbers in [0, 1). */
export function newTraceparent(random: () => number): string {
  return `00-${words(4, random)}-${words(2, random)}-00`;
}

/** Words of 32 bits, none of them zero. */
function words(count: number, random: () => number): string {
  let text = '';
  for (let made = 0; made < count; made += 1) text += word(random());
  return text;
}

function word(random: number): string {
  return (1 + Math.floor(random * 0xffff_ffff)).toString(16).padStart(8, '0');
}
