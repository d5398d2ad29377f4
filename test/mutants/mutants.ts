/**
 * The mutants: what is taken away, which guarantee falls with it, and the test that must then fail.
 *
 * An edit is found by its text, so that it survives a refactoring that does not touch it;
 * test/unit/docs/mutants.test.ts fails when the text is gone.
 */

export interface Mutant {
  readonly name: string;
  /**
   * A number in docs/guarantees.md (`S8`), the beginning of a row there, or a page. A row links
   * the test, unless that is the simulation.
   */
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
const roles = { file: 'lib/selection/chooseByRole.ts', test: 'test/unit/selection/roles.test.ts' };
const observed = {
  file: 'functions/reconcile/observed.ts',
  test: 'test/unit/functions/reconcile/observed.test.ts',
};
const hints = { file: 'functions/reconcile/whyHint.ts', test: 'test/unit/functions/reconcile/reconcile.test.ts' };
const queue = { test: 'test/unit/bridge/queue/queue.test.ts' };
const limits = { test: 'test/unit/selection/limits.test.ts' };
const announcement = {
  file: 'functions/announce/announcement.ts',
  test: 'test/unit/functions/announce/announce.test.ts',
};
const goneSources = {
  file: 'bridge/leaders/goneSources.ts',
  test: 'test/unit/bridge/leaders/goneSources.test.ts',
};
const property = (title: string) => ({ test: 'test/unit/selection/invariants.test.ts', title: `${title}:` });
const prober = { test: 'test/unit/bridge/probes/prober.test.ts' };
const healthChecks = { file: 'bridge/leaders/healthChecks.ts', test: 'test/unit/bridge/leaders/healthChecks.test.ts' };
const pacer = { file: 'cli/replay/stepper.ts', test: 'test/unit/cli/replay/pacer.test.ts' };
const lockRules = {
  guarantee: 'docs/reference/locks.md',
  file: 'lib/lock/decideLock.ts',
  test: 'test/unit/lock/decideLock.test.ts',
};
const lockKeeper = {
  guarantee: 'docs/reference/locks.md',
  file: 'api/locks/lockKeeper.ts',
  test: 'test/unit/api/locks/lockKeeper.test.ts',
};
const api = { guarantee: 'docs/reference/api.md', test: 'test/unit/api/apiApp.test.ts' };
const podsOf = {
  file: 'bridge/leaders/namespaceIndex.ts',
  search: '[...named, ...routed]',
  test: 'test/unit/bridge/leaders/leaderStore.test.ts',
};

export const mutants: readonly Mutant[] = [
  {
    name: 'the api asks for no right',
    ...api,
    file: 'api/auth/guard.ts',
    search: 'if (await reviewer.isAllowed(user, right)) return;',
    replace: 'if ((await reviewer.isAllowed(user, right)) || true) return;',
  },
  {
    name: 'the api takes tokens of another audience',
    ...api,
    file: 'api/auth/reviewer.ts',
    search: "|| !takeList(status, 'audiences', 'status').includes(audience)",
    replace: '|| audience === undefined',
    test: 'test/unit/api/auth/reviewer.test.ts',
  },
  {
    name: 'an address that pods share tells one of them that it leads',
    ...api,
    file: 'api/leaders/registerAmILeader.ts',
    search: "if (others.length > 0) throw refuse('the address of several pods');",
    replace: 'if (others.length > 100) return pod;',
  },
  {
    name: 'the api answers from a view that cannot be relied on',
    ...api,
    file: 'api/leaders/poolFeed.ts',
    search: 'if (cluster === null || !cluster.isFresh(namespace))',
    replace: 'if (cluster === null)',
  },
  {
    name: 'who waits for a lock on another replica is not told',
    guarantee: 'docs/reference/locks.md',
    file: 'api/locks/lockBook.ts',
    search: 'keepers.get(key)?.observe(view, uid);',
    replace: '',
    test: 'test/integration/api/locks.test.ts',
    title: 'deleted by hand',
  },
  {
    name: 'a lock gives the same token twice',
    ...lockRules,
    search: '? known + 1 :',
    replace: '? known :',
  },
  {
    name: 'a grant of a lock is taken while it runs',
    ...lockRules,
    search: 'const before = currentGrant(state, now, maxSkewMs);',
    replace: 'const before = currentGrant(state, now + 60_000, maxSkewMs);',
  },
  {
    name: 'a wrong token ends a grant',
    ...lockRules,
    search: '&& grant.id === grantId && grant.token === token;',
    replace: '&& grant.id === grantId && token > 0;',
  },
  {
    name: 'the last waiter of a lock comes first',
    ...lockRules,
    search: 'const [first, ...others] = draft.queue;',
    replace: 'const [first, ...others] = draft.queue.toReversed();',
  },
  {
    name: 'a lock is refused from what the watch has delivered',
    ...lockKeeper,
    search: 'let isConfirmed = view === undefined;',
    replace: 'let isConfirmed = view === undefined;\n    isConfirmed = true;',
  },
  {
    name: 'who waits for a lock does not keep its place',
    ...lockKeeper,
    search: 'Math.min(ASK_AGAIN_MS, untilExpiryMs)',
    replace: 'untilExpiryMs',
  },
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
    name: 'a pod is elected that does not say that it is the primary',
    guarantee: 'Beside a role check, only a pod',
    ...roles,
    search: 'return fit.filter(isPrimary);',
    replace: 'return fit;',
  },
  {
    name: 'two primaries take turns',
    guarantee: 'Beside a role check, only a pod',
    ...roles,
    search: '(!isHeard || isPrimary(incumbent))',
    replace: '!isHeard',
  },
  {
    name: 'a leader that was not asked is left for another primary',
    guarantee: 'docs/decisions/role-checks.md',
    ...roles,
    search: 'incumbent?.health !== undefined && ',
    replace: '',
  },
  {
    name: 'a role check that no pod answers clears the route',
    guarantee: 'docs/decisions/role-checks.md',
    ...roles,
    search: ' && fit.some(({ health }) => health?.role !== undefined)',
    replace: '',
  },
  {
    name: 'another role of one pod asks no other one',
    guarantee: 'Beside a role check, the pod that is routed to',
    file: 'bridge/probes/prober.ts',
    search: 'if (isOther && before.verdict !== null && asksForRoles(group))',
    replace: 'if (false && before.verdict !== null)',
    test: 'test/unit/bridge/probes/proberRoles.test.ts',
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
    search: "compareWithRecord(evidence, record()).includes('older') && (evidence.isResync",
    replace: 'record() === null && (evidence.isResync',
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
    search: 'delayMs: 200,',
    replace: 'delayMs: 4_000,',
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
    name: 'a prober that was late judges',
    guarantee: 'S11',
    file: 'bridge/probes/targetProbe.ts',
    search: 'isLate && !proves ? isVoid : result',
    replace: 'result',
    ...prober,
  },
  {
    name: 'a prober that stood still counts on',
    guarantee: 'S11',
    file: 'bridge/probes/targetProbe.ts',
    search: '      standing = restartCounts(standing);\n',
    replace: '',
    ...prober,
  },
  {
    name: 'a prober that is cut off is trusted',
    guarantee: 'S11',
    file: 'bridge/probes/prober.ts',
    search: 'group === undefined || guard.isSuspended()',
    replace: 'group === undefined',
    ...prober,
  },
  {
    name: 'an old pass counts against a failing leader',
    guarantee: 'S10',
    file: 'bridge/probes/prober.ts',
    search: '  return passedSince.has(probe.target.uid);',
    replace: '  return true;',
    ...prober,
  },
  {
    name: 'a probe goes before the event',
    guarantee: 'S12',
    file: 'bridge/intake.ts',
    search: '    queue.add(concern, clock.now());\n    options.onConcern?.(concern);\n',
    replace: '    options.onConcern?.(concern);\n    queue.add(concern, clock.now());\n',
    test: 'test/integration/bridge/healthChecks.test.ts',
    title: 'before it asks a pod',
  },
  {
    name: 'a pod that is to be ended may lead',
    guarantee: 'S15',
    file: 'lib/selection/fitness.ts',
    search: "  if (pod.uid === rules.demoted) return 'demoted';\n",
    replace: '',
    test: 'test/unit/selection/demotion.test.ts',
    title: 'its pod may not lead',
  },
  {
    name: 'a claim on a pod that is to be ended lasts no time',
    guarantee: 'S15',
    file: 'lib/selection/demotion.ts',
    search: '  if (now < demotion.at + CLAIM_MS && demotion.at <= now + CLAIM_MS) return [];\n',
    replace: '',
    test: 'test/unit/selection/demotion.test.ts',
    title: 'is left to the function that claimed it',
  },
  {
    name: 'loopback is probed',
    guarantee: 'docs/trust.md',
    file: 'bridge/probes/addressPolicy.ts',
    search: "refusedV4.addSubnet('127.0.0.0', 8, 'ipv4');\n",
    replace: '',
    test: 'test/unit/bridge/probes/addressPolicy.test.ts',
  },
  {
    name: 'the host network is probed',
    guarantee: 'docs/trust.md',
    ...healthChecks,
    search: '(options.probeHostNetwork || pod.hostNetwork !== true) && ',
    replace: '',
  },
  {
    name: 'a status of a target is a series',
    guarantee: 'docs/reference/metrics.md',
    ...healthChecks,
    search: "result.detail.replace(/-\\d+$/, '')",
    replace: 'result.detail',
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
  {
    name: 'a slice has the leader twice',
    guarantee: 'S1',
    file: 'lib/selection/routeWrites.ts',
    search: '? [] : [toEndpointView(pod, address, snapshot.namespace)]',
    replace: '? [] : Array(2).fill(toEndpointView(pod, address, snapshot.namespace))',
    ...property('S1'),
  },
  {
    name: 'the second family is an epoch ahead',
    guarantee: 'S1',
    file: 'lib/selection/routeWrites.ts',
    search: 'annotations: { [annotation.epoch]: String(epoch), ...Object',
    replace: 'annotations: { [annotation.epoch]: String(epoch + 1), ...Object',
    ...property('S1'),
  },
  {
    name: 'a key is sent again while it is in flight',
    guarantee: 'S5',
    file: 'bridge/queue/queue.ts',
    search: 'inFlight.set(key, null);\n      refill();',
    replace: 'refill();',
    ...queue,
  },
  {
    name: 'a pod without a verdict fails its check',
    guarantee: 'S11',
    file: 'lib/selection/fitness.ts',
    search: "if (rules.isChecked && pod.health?.verdict === 'failing') return",
    replace: "if (rules.isChecked && pod.health?.verdict !== 'passing') return",
    test: health.test,
  },
  {
    name: 'a leader is announced before it is routed to',
    guarantee: 'Every leader that stays is announced',
    ...announcement,
    search: 'record.slice === null || !isRouted(record, decision)',
    replace: 'record.slice === null',
  },
  {
    name: 'what has been announced is announced again',
    guarantee: 'Every leader that stays is announced',
    ...announcement,
    search: 'if (announced.epoch === epoch && announced.leaderUid === (leader?.uid ?? null)) return null;',
    replace: '',
  },
  {
    name: 'a deleted source is forgotten',
    guarantee: 'A source that is deleted with a leader',
    ...goneSources,
    search: '    gone.set(uid, entry);\n',
    replace: '',
  },
  {
    name: 'silence is measured by the wall clock',
    guarantee: 'A bridge whose wall clock is set',
    file: 'bridge/elapsed.ts',
    search: 'return monotonic + suspendedMs;',
    replace: 'return wallNow();',
    test: 'test/unit/bridge/elapsed.test.ts',
  },
  {
    name: 'one namespace that may not be read stops all',
    guarantee: 'Of several namespaces each is served for itself',
    file: 'bridge/watch/startWatches.ts',
    search: 'isSynced: (namespace) => scopeOf(namespace)?.isSynced() ?? false,',
    replace: 'isSynced: () => [...scopes.values()].every((scope) => scope.isSynced()),',
    test: 'test/integration/bridge/scopes.test.ts',
    title: 'sends no resync',
  },
  {
    name: 'a connection follows the route',
    guarantee: 'Established connections move',
    file: 'cli/demo/cluster/serviceProxy.ts',
    search: 'socket.pipe(upstream).pipe(socket);',
    replace:
      'socket.pipe(upstream).pipe(socket);\n    const at = route;\n    setInterval(() => route !== at && socket.destroy(), 1).unref();',
    test: 'test/unit/cli/demo/cluster/serviceProxy.test.ts',
  },
  {
    name: 'functions may write to pods',
    guarantee: 'A pod learns that it leads',
    file: 'deploy/base/functions-account.yaml',
    search: 'resources: [pods]\n    verbs: [get, list]',
    replace: 'resources: [pods]\n    verbs: [get, list, patch]',
    test: 'test/unit/deploy/manifests.test.ts',
    title: 'gives no right',
  },
  {
    name: 'a verdict counts after its deadline',
    guarantee: 'A failover for a check rests on a verdict of this moment',
    ...observed,
    search: 'sent !== null && now < sent.deadline',
    replace: 'sent !== null && now < Number.MAX_SAFE_INTEGER',
  },
  {
    name: 'a check that no pod passes is acted on',
    guarantee: 'A check that no pod passes is acted on',
    search: "if (incumbent !== null && unfit === 'unhealthy') return kept('AllUnhealthy', incumbent);",
    replace: '',
    ...health,
  },
  {
    name: 'a burst keeps what came last, not what is most urgent',
    guarantee: 'Every state in between is acted on',
    file: 'bridge/queue/queue.ts',
    search: 'before === undefined ? concern : mergeConcerns(before.concern, concern);',
    replace: 'concern;',
    ...queue,
  },
  {
    name: 'the leader that a hand wrote is not believed',
    guarantee: 'A hand on the record is noticed',
    file: 'lib/selection/record.ts',
    search: '    if (uid !== undefined && name !== undefined) {',
    replace: '    if (uid !== undefined && name !== undefined && name === slice.spec?.endpoints[0]?.targetRef?.name) {',
    ...limits,
  },
  {
    name: 'the leader Service is patched on every reconcile',
    guarantee: 'Other fields of the leader Service are repaired',
    file: 'lib/selection/serviceWrites.ts',
    search: 'if (isAsPlanned) return null;',
    replace: '',
    ...limits,
  },
  {
    name: 'what was left without an owner is not adopted',
    guarantee: 'What `kubectl delete --cascade=orphan` leaves',
    file: 'lib/selection/ownership.ts',
    search: 'return isSliceManager(slice.managedBy) && slice.owner === null;',
    replace: 'return false;',
    ...limits,
  },
  {
    name: 'the end of a source is announced that owned nothing',
    guarantee: 'The end of every deleted source is announced',
    ...goneSources,
    search: 'if (!hasObjects && (before === undefined || isOptedOut(service))) return;',
    replace: '',
  },
  {
    name: 'a new slice starts by the clock of the machine',
    guarantee: 'The epoch grows across deletion on any clock',
    file: 'lib/selection/decide.ts',
    search: 'Math.max(record.knownEpoch + 1, Math.floor(now))',
    replace: 'Math.max(record.knownEpoch + 1, Date.now())',
    ...limits,
  },
  {
    name: 'a wait counts from an instant in the future',
    guarantee: 'A wait lasts as long as its setting on any clock',
    file: 'lib/selection/fitness.ts',
    search: 'if (readyChangedAt !== undefined && readyChangedAt <= latest) return readyChangedAt;',
    replace: 'if (readyChangedAt !== undefined) return readyChangedAt;',
    test: 'test/unit/selection/choose.test.ts',
  },
  {
    name: 'a record that is ahead of a restored etcd stays',
    guarantee: 'The epoch survives a restored etcd',
    file: 'lib/selection/routeWrites.ts',
    search: "return order === 'newer' || order === 'unordered';",
    replace: "return order === 'unordered';",
    test: 'test/unit/functions/reconcile/reconcile.test.ts',
  },
  {
    name: 'a restored etcd is not looked for',
    guarantee: 'an etcd that was restored to an older state',
    file: 'bridge/watch/isFutureVersion.ts',
    search: "return compareRevisions(now.resourceVersion, resourceVersion) === 'older';",
    replace: 'return now === null;',
    test: 'test/unit/bridge/watch/reflector.test.ts',
    title: 'restored',
  },
  {
    name: 'an etcd that has caught up is taken for a restored one',
    guarantee: 'an etcd that was restored without a new revision range',
    file: 'bridge/watch/isFutureVersion.ts',
    search: "=== 'older';",
    replace: "!== 'newer';",
    test: 'test/unit/bridge/watch/isFutureVersion.test.ts',
  },
  {
    name: 'data that cannot be read refuses the event',
    guarantee: 'A bridge, and every CloudEvents sender',
    file: 'lib/events/envelope.ts',
    search: "return { kind: 'unreadable', problem: error.message };",
    replace: 'throw error;',
    test: 'test/unit/functions/toTheLetter.test.ts',
  },
  {
    name: 'a token in the query is ignored',
    guarantee: 'A bridge, and every CloudEvents sender',
    file: 'functions/app.ts',
    search: 'refuseTokenInQuery(request.url);',
    replace: '',
    test: 'test/unit/functions/toTheLetter.test.ts',
  },
  {
    name: 'two replies of one change share an id',
    guarantee: 'docs/reference/events.md',
    file: 'lib/events/toReply.ts',
    search: 'const hash = hashId(',
    replace: 'const hash = ((_: unknown) => 0)(',
    test: 'test/unit/events/parseEvent.test.ts',
  },
  {
    name: 'a slice of another controller travels with its endpoints',
    guarantee: 'What a tenant writes into EndpointSlices',
    file: 'lib/selection/buildSnapshot.ts',
    search: 'return { ...slice, spec: null };',
    replace: 'return slice;',
    test: 'test/integration/functions/fatSlices.test.ts',
  },
  {
    name: 'an announcement begins again at each attempt',
    guarantee: 'A slow API server',
    file: 'functions/announce/announce.ts',
    search: '(const { notice, key } of notices) {\n    if (said.has(key)) continue;',
    replace: '(const { notice, key } of notices) {',
    test: 'test/unit/functions/announce/announce.test.ts',
  },
  {
    name: 'an override of any length is set on every event',
    guarantee: 'docs/reference/events.md',
    file: 'lib/config/parseValue.ts',
    search: 'if (bytes > MAX_EXTENSIONS_BYTES)',
    replace: 'if (bytes < 0)',
    test: 'test/unit/config/parseCommandLine.test.ts',
  },
];

/**
 * Rows of docs/guarantees.md that no change of this code can break, by their beginning, with the
 * reason.
 */
export const withoutMutant: Readonly<Record<string, string>> = {
  'All nodes switch at once': 'each node’s kube-proxy switches by itself; the test measures that on a real node',
};
