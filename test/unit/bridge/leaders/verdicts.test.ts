import { describe, expect, it } from 'vitest';
import type { LeaderConcern } from '../../../../bridge/leaders/leaderConcern.ts';
import { createLeaderDomain } from '../../../../bridge/leaders/leaderDomain.ts';
import type { Verdict } from '../../../../lib/selection/observation.ts';
import { aLeaderSlice } from '../../../support/objects/aSlice.ts';
import { aPod, aService, observed, T0, uidOf } from '../../../support/objects/builders.ts';

const source = { namespace: 'shop', name: 'postgres' };
const views = { revision: () => '1' };

/** postgres routes to p-0 where it leads; p-1 and p-2 are its followers. */
function aDomain(verdicts: Readonly<Record<string, Verdict>>, routed: string | null = 'p-0') {
  const said = observed(Object.fromEntries(Object.entries(verdicts).map(([name, verdict]) => [name, { verdict }])));
  const domain = createLeaderDomain(() => T0, {
    observationsOf: ({ name }) => (name === 'postgres' ? said : undefined),
  });
  const { store } = domain;
  const quiet = (): void => undefined;
  const pods = store.pods(undefined, quiet);
  for (const name of ['p-0', 'p-1', 'p-2']) pods.add(aPod({ name }));
  store.services(undefined, quiet).add(aService({ 'health-check': 'tcp://:5432' }));
  store.ourSlices(undefined, quiet).add(aLeaderSlice({ pod: routed }));
  const onVerdict = (podName: string): readonly LeaderConcern[] => {
    const verdict = verdicts[podName] ?? 'passing';
    return domain.affected(domain.toVerdict({ source, podName, podUid: uidOf(podName), verdict }), T0);
  };
  return { domain, onVerdict };
}

describe('a new verdict', () => {
  it.each<[string, Readonly<Record<string, Verdict>>, string | null, string, string]>([
    ['the leader turns failing', { 'p-0': 'failing', 'p-1': 'passing' }, 'p-0', 'p-0', 'failover'],
    ['the leader passes again', { 'p-0': 'passing' }, 'p-0', 'p-0', 'change'],
    ['a follower passes while the leader fails', { 'p-0': 'failing', 'p-1': 'passing' }, 'p-0', 'p-1', 'failover'],
    ['a follower passes while no pod is routed to', { 'p-1': 'passing' }, null, 'p-1', 'failover'],
    ['a follower passes beside a leader that passes', { 'p-0': 'passing', 'p-1': 'passing' }, 'p-0', 'p-1', 'change'],
    ['a follower fails', { 'p-0': 'failing', 'p-1': 'failing' }, 'p-0', 'p-1', 'change'],
  ])('concerns its Service: %s', (_, verdicts, routed, pod, lane) => {
    const concerns = aDomain(verdicts, routed).onVerdict(pod);
    expect(concerns).toEqual([
      {
        ...{ key: 'shop/postgres', ...source, lane, observedAt: T0 },
        type: 'io.zen-lead.pod.checked',
        change: { kind: 'Pod', name: pod, uid: uidOf(pod), verb: 'checked' },
      },
    ]);
  });

  it.each<[string, 'primary' | 'other', string, string]>([
    ['the leader is the primary', 'primary', 'p-0', 'change'],
    ['the leader is no longer the primary', 'other', 'p-0', 'failover'],
    ['a follower is the primary', 'primary', 'p-1', 'failover'],
    ['a follower is not the primary', 'other', 'p-1', 'change'],
  ])('with a role takes the lane of what may follow: %s', (_, role, podName, lane) => {
    const { domain } = aDomain({});
    const change = { source, podName, podUid: uidOf(podName), verdict: 'passing', role } as const;
    expect(domain.affected(domain.toVerdict(change), T0)).toMatchObject([{ lane }]);
  });

  it('travels in the event, and in what the status shows', () => {
    const { domain, onVerdict } = aDomain({ 'p-0': 'failing', 'p-1': 'passing' });
    const [concern] = onVerdict('p-0');
    if (concern === undefined) throw new Error('it concerns its Service');
    const context = {
      ...views,
      ...{ clusterName: 'c', random: () => 0.5, maxEventBytes: Number.POSITIVE_INFINITY },
      isFresh: () => true,
      carryOf: () => undefined,
    };
    const { data } = domain.toEvent(concern, context, T0);
    expect(data.observations?.observer).toBe('bridge-0');
    expect(data.snapshot).toEqual(domain.snapshotOf(source, views));
    expect(data.snapshot?.candidates.find(({ name }) => name === 'p-0')?.health?.verdict).toBe('failing');
  });
});
