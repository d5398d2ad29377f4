/**
 * Parses `<namespace>/<service>[/<election>[/<slot>]]` as people type it.
 */

import { configError } from '../../lib/config/parseValue.ts';
import { ZenLeadError } from '../../lib/errors.ts';
import { isRfc1123Label, type SubjectRef } from '../../lib/events/subject.ts';
import { electionSuffix } from '../../lib/selection/elections/electionSuffix.ts';
import { viewOf, viewsOf } from '../../lib/selection/elections/electionsOf.ts';
import type { Snapshot } from '../../lib/selection/snapshot.ts';

/** Rejects with CONFIG_INVALID. */
export function parseElectionKey(text: string): SubjectRef {
  const [namespace = '', name = '', election, slot, ...more] = text.split('/');
  const isElection = election === undefined || election === '' || isRfc1123Label(election);
  const isSlot = slot === undefined || /^(0|[1-9]\d?)$/.test(slot);
  if (isRfc1123Label(namespace) && isRfc1123Label(name) && isElection && isSlot && more.length === 0)
    return {
      namespace,
      name,
      ...(election !== undefined && { election }),
      ...(slot !== undefined && { slot: Number(slot) }),
    };
  throw configError(
    `"${text}" does not name a Service; write NAMESPACE/SERVICE, for instance default/postgres, and behind it /ELECTION or /ELECTION/SLOT`,
  );
}

/**
 * The election that a person named, else the first. Rejects with KUBE_NOT_FOUND, which lists those
 * that there are.
 */
export function takeView(snapshot: Snapshot, { namespace, name, election, slot = 0 }: SubjectRef): Snapshot {
  const views = viewsOf(snapshot);
  if (election === undefined) return views[0];
  const view = viewOf(snapshot, { election, slot });
  if (view !== undefined) return view;
  const known = views.map(({ election: of }) => `${namespace}/${name}${of === undefined ? '' : electionSuffix(of)}`);
  const message = `there is no election ${namespace}/${name}${electionSuffix({ election, slot })}; there is ${known.join(', ')}`;
  throw new ZenLeadError('KUBE_NOT_FOUND', message, { retry: 'never' });
}
