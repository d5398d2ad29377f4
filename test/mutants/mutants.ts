/**
 * The mutants: what is taken away, which guarantee falls with it, and the test that must then fail.
 *
 * An edit is found by its text, so that it survives a refactoring that does not touch it;
 * mutants.test.ts fails when the text is gone.
 */

export interface Mutant {
  readonly name: string;
  /** A number in docs/guarantees.md (`S8`), the beginning of a row there, or a page. */
  readonly guarantee: string;
  readonly file: string;
  /** Occurs once in the file. */
  readonly search: string;
  readonly replace: string;
  readonly test: string;
  /** Regular expression over the titles; default: the whole file. */
  readonly title?: string;
}

const simulation = { test: 'test/simulation/simulation.test.ts', title: 'from seed 1$' };
const watchTrust = { file: 'bridge/watch/watchTrust.ts', test: 'test/unit/bridge/watch/watchTrust.test.ts' };
const fitness = { file: 'lib/selection/fitness.ts', test: 'test/unit/selection/decide.test.ts' };
const health = { file: 'lib/selection/choose.ts', test: 'test/unit/selection/health.test.ts' };
const observed = {
  file: 'functions/reconcile/observed.ts',
  test: 'test/unit/functions/reconcile/observed.test.ts',
};
const hints = { file: 'functions/reconcile/whyHint.ts', test: 'test/unit/functions/reconcile/reconcile.test.ts' };
const pacer = { file: 'cli/replay/stepper.ts', test: 'test/unit/cli/replay/pacer.test.ts' };
const podsOf = {
  file: 'bridge/leaders/namespaceIndex.ts',
  search: '[...named, ...routed]',
  test: 'test/unit/bridge/leaders/leaderStore.test.ts',
};

export const mutants: readonly Mutant[] = [
  {
    name: 'a terminating pod is fit',
    guarantee: 'S2',
    ...fitness,
    search: "if (pod.terminating) return 'terminating';",
    replace: '',
  },
  {
    name: 'a pod that is not Ready is fit',
    guarantee: 'S6',
    ...fitness,
    search: "if (!pod.ready || pod.phase !== 'Running') return 'notReady';",
    replace: '',
  },
  {
    name: 'a leader is left for its check although no pod passes it',
    guarantee: 'S10',
    ...health,
    search: "if (incumbent !== null && unfit === 'unhealthy') return kept('AllUnhealthy', incumbent);",
    replace: '',
  },
  {
    name: 'a pod without a verdict takes over',
    guarantee: 'S10',
    ...health,
    file: 'lib/selection/fitness.ts',
    search: 'return rules.isChecked && pod.health === undefined;',
    replace: 'return false && rules && pod;',
  },
  {
    name: 'missing verdicts move a leader',
    guarantee: 'S11',
    ...health,
    search: 'return settings.healthCheck !== null && !rules.isChecked;',
    replace: 'return false && settings && rules;',
  },
  {
    name: 'verdicts of a stranger count',
    guarantee: 'S11',
    ...observed,
    search: "if (!isTrusted || data.kind !== 'readable'",
    replace: "if (data.kind !== 'readable' || (false && isTrusted)",
  },
  {
    name: 'verdicts count after their deadline',
    guarantee: 'S11',
    ...observed,
    search: 'sent !== null && now < sent.deadline',
    replace: 'sent !== null && (now < sent.deadline || true)',
  },
  {
    name: 'a write without preconditions leaves',
    guarantee: 'S3',
    file: 'lib/kube/write.ts',
    search: "if (uid !== '' && resourceVersion !== '' && resourceVersion !== '0') return;",
    replace: 'return;',
    test: 'test/unit/kube/write.test.ts',
  },
  {
    name: 'a late snapshot decides',
    guarantee: 'S4',
    ...hints,
    search: "data.kind === 'readable' && now >= data.value.deadline",
    replace: 'false && data && now',
  },
  {
    name: 'an old snapshot decides',
    guarantee: 'S9',
    ...hints,
    search: "['old', (evidence, record) => compareWithRecord(evidence, record()).includes('older')],",
    replace: '',
  },
  {
    name: 'isTrusted is ignored',
    guarantee: 'A forged event moves no route',
    ...hints,
    search: "['untrusted', ({ isTrusted }) => !isTrusted],",
    replace: '',
  },
  {
    name: 'every authenticated sender is trusted',
    guarantee: 'A forged event moves no route',
    file: 'functions/authenticate.ts',
    search: 'if (sub === options.trustedSender) return',
    replace: 'return',
    test: 'test/unit/functions/authenticate.test.ts',
  },
  {
    name: 'the route of a source that waits for a finalizer is frozen',
    guarantee: 'S2',
    file: 'lib/selection/situation.ts',
    search: 'if (source.terminating && owned.slices.length === 0) return null;',
    replace: 'if (source.terminating) return null;',
    test: 'test/unit/selection/decide.test.ts',
  },
  {
    name: 'a slice that waits for a finalizer is not patched',
    guarantee: 'S2',
    file: 'lib/selection/sliceWrites.ts',
    search: '  const isAttached = existing.serviceName === desired.serviceName;',
    replace:
      '  if (existing.terminating) return [];\n  const isAttached = existing.serviceName === desired.serviceName;',
    test: 'test/unit/selection/decide.test.ts',
  },
  {
    name: 'a slice of another owner is ours',
    guarantee: 'S7',
    file: 'lib/selection/ownership.ts',
    search: 'return isSliceManager(slice.managedBy) && isControlledBy(slice, sourceUid);',
    replace: 'return isSliceManager(slice.managedBy);',
    test: 'test/unit/selection/ownership.test.ts',
  },
  {
    name: 'a stale store makes snapshots',
    guarantee: 'S8',
    file: 'bridge/startDomain.ts',
    search: 'replica.isFirst() && watches.isFresh(namespace)',
    replace: 'replica.isFirst()',
    ...simulation,
  },
  {
    name: 'every replica sends snapshots',
    guarantee: 'S9',
    file: 'bridge/startDomain.ts',
    search: 'replica.isFirst() && watches.isFresh(namespace)',
    replace: 'watches.isFresh(namespace)',
    ...simulation,
  },
  {
    name: 'nothing is resynced',
    guarantee: 'L1',
    file: 'bridge/startDomain.ts',
    search: 'intake.startResync();',
    replace: '',
    ...simulation,
  },
  {
    name: 'the hedge waits for 4 s',
    guarantee: 'Losing the bridge that sends first',
    file: 'bridge/replicas/hedge.ts',
    search: 'HEDGE_DELAY_MS = 200;',
    replace: 'HEDGE_DELAY_MS = 4_000;',
    ...simulation,
  },
  {
    name: 'a silent watch is trusted',
    guarantee: 'a watch that is held back without a sign',
    ...watchTrust,
    search: '      now - lastHeardAt > limits.silentMs ||\n',
    replace: '',
  },
  {
    name: 'a cut watch is trusted',
    guarantee: 'a watch that is cut',
    ...watchTrust,
    search: '      (cutAt !== null && now - cutAt > limits.blindMs),\n    lastHeardAt',
    replace: '      false,\n    lastHeardAt',
  },
  {
    name: 'a process that stood still trusts itself',
    guarantee: 'a process that stood still',
    ...watchTrust,
    search: '      hasJumped(now) ||\n',
    replace: '',
  },
  {
    name: 'the snapshot lacks the recorded pod',
    guarantee: 'S8',
    ...podsOf,
    replace: '[...routed]',
  },
  {
    name: 'the snapshot lacks the routed pod',
    guarantee: 'S2',
    ...podsOf,
    replace: '[...named]',
  },
  {
    name: 'node-aware moves a fit leader',
    guarantee: 'docs/decisions/fitness.md',
    file: 'lib/selection/choose.ts',
    search: "return sticky || strategy === 'node-aware' || strategy === 'zone-aware';",
    replace: 'return sticky;',
    test: 'test/unit/selection/choose.test.ts',
  },
  {
    name: 'a replay makes no pauses',
    guarantee: 'docs/reference/commands.md',
    ...pacer,
    search: '(at - lastAt) / speed',
    replace: '0',
  },
  {
    name: 'a replay makes full pauses',
    guarantee: 'docs/reference/commands.md',
    ...pacer,
    search: '(at - lastAt) / speed',
    replace: 'at - lastAt',
  },
  {
    name: 'an image holds the time of its making',
    guarantee: 'docs/images',
    file: 'deploy/image/writeTar.ts',
    search: 'header.write(toOctal(0, 11), 136);',
    replace: 'header.write(toOctal(Math.floor(Date.now() / 1_000), 11), 136);',
    test: 'test/unit/deploy/image.test.ts',
  },
  {
    name: 'what does not stay is written at once, each time',
    guarantee: 'Who changes an object of zen-lead for good',
    file: 'functions/reconcile/damping.ts',
    search: 'if (now >= at) continue;',
    replace: 'if (now >= at || at > 0) continue;',
    test: 'test/unit/functions/reconcile/undoneWrites.test.ts',
  },
  {
    name: 'the end of a Service is announced while its route stands',
    guarantee: 'A source that is deleted with a leader',
    file: 'functions/announce/goneSource.ts',
    search: "if (isControlledBy(slice, gone.uid)) return 'waits';",
    replace: '',
    test: 'test/unit/functions/announce/goneSource.test.ts',
  },
  {
    name: 'what a deleted Service owned is forgotten with the objects',
    guarantee: 'A source that is deleted with a leader',
    file: 'bridge/leaders/goneSources.ts',
    search: 'keep(known, object);',
    replace: '',
    test: 'test/unit/bridge/leaders/goneSources.test.ts',
  },
];
