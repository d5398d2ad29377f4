/** Chooses the passes of a recording that `replay` was asked for: of one flow, in a time. */

import { configError } from '../../../lib/config/parseValue.ts';
import { isObjectName } from '../../../lib/flow/events/flowSubject.ts';
import type { RecordedPass } from '../../../lib/recording/parseFlowLine.ts';
import { parseInstant } from '../../operands/parseInstant.ts';

interface Wanted {
  readonly flows: readonly string[];
  readonly from: string | undefined;
  readonly until: string | undefined;
}

/** Rejects with CONFIG_INVALID what cannot be read. */
export function choosePasses({ flows, from, until }: Wanted): (pass: RecordedPass) => boolean {
  const keys = new Set(flows.map(checkKey));
  const fromAt = parseInstant('--from', from) ?? Number.NEGATIVE_INFINITY;
  const untilAt = parseInstant('--until', until) ?? Number.POSITIVE_INFINITY;
  return ({ at, flow }) =>
    at >= fromAt && at < untilAt && (keys.size === 0 || keys.has(`${flow.namespace}/${flow.name}`));
}

function checkKey(text: string): string {
  const [namespace = '', name = '', ...more] = text.split('/');
  if (isObjectName(namespace) && isObjectName(name) && more.length === 0) return text;
  throw configError(`"${text}" does not name a flow; write NAMESPACE/FLOW, for instance default/nightly`);
}
