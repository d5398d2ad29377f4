/**
 * Reads and writes instants as Go does: Time to the second (any fraction is dropped), MicroTime
 * with exactly six digits, both in UTC.
 *
 * It is strict because a real API server refuses milliseconds in a MicroTime, and kubectl cannot
 * read them.
 *
 * Source: https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#MicroTime
 */

type DecodedTime =
  | { readonly kind: 'time'; readonly value: string }
  /** Uses the words of Go's time package. */
  | { readonly kind: 'problem'; readonly message: string };

const whole = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

export function decodeTime(text: string, isMicro: boolean): DecodedTime {
  const layout = `2006-01-02T15:04:05${isMicro ? '.000000' : ''}Z07:00`;
  const problem = (rest: string, as: string): DecodedTime => ({
    kind: 'problem',
    message: `parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(as)}`,
  });
  const [, seconds, fraction = '', zone = ''] = whole.exec(text) ?? [];
  if (seconds === undefined) return problem(text, '2006');
  if (isMicro && fraction.length < '.000000'.length) return problem(`${fraction}${zone}`, '.000000');
  if (isMicro && fraction.length > '.000000'.length) return problem(`${fraction.slice(7)}${zone}`, 'Z07:00');
  const at = Date.parse(`${seconds}${zone}`);
  if (Number.isNaN(at)) return problem(text, '2006');
  return { kind: 'time', value: `${new Date(at).toISOString().slice(0, 19)}${isMicro ? fraction : ''}Z` };
}
