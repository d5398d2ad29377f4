/**
 * Runs scale-down against a Deployment that other clients change, with functions that die between
 * any two steps and requests that arrive late. D1 to D3 of docs/guarantees.md.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CLAIM_MS, decideScale } from '../../../lib/scaleDown/decideScale.ts';
import { predictOfReplicaSet } from '../../../lib/scaleDown/predictSurvivor.ts';
import type { Facts, FoundWorkload, ScaleInput, ScaleSetting, ScaleStep } from '../../../lib/scaleDown/scaleInput.ts';
import type { WorkloadPod } from '../../../lib/scaleDown/workloadPod.ts';
import { formatScaleRecord, isStanding, parseScaleRecord } from '../../../lib/selection/scaleRecord.ts';
import { uidOf } from '../../support/objects/builders.ts';

const T0 = Date.UTC(2026, 0, 1);
const settingOf = (warm: number): ScaleSetting => ({ warm, afterMs: 100, value: String(warm) });

/** A Deployment, its pods, and what zen-lead wrote down. */
class Model {
  now = T0;
  setting: ScaleSetting | null = settingOf(0);
  isFrozen = false;
  isRollingOut = false;
  isAutoscaled = false;
  replicas = 3;
  version = 1;
  pods: WorkloadPod[] = [];
  /** The pod that is routed to, which the rules chose. */
  leader: string | null = null;
  settledAt = T0;
  record: string | undefined;
  remembered: string | undefined;
  /** A request on its way, and by when it arrives. */
  late: { readonly step: Extract<ScaleStep, { kind: 'scale' }>; readonly by: number } | null = null;
  /** What there was before our first request to scale down that is not undone. */
  owed: number | null = null;
  private made = 0;

  private readonly uids: readonly number[];

  constructor(uids: readonly number[]) {
    this.uids = uids;
    this.fill();
    this.elect();
  }

  fill(): void {
    while (this.pods.length < this.replicas) {
      const name = `p${this.made}`;
      const uid = `${this.uids[this.made % this.uids.length]}-${this.made++}`;
      this.pods.push({
        name,
        uid: uidOf(uid),
        owner: null,
        isActive: true,
        nodeName: name,
        phase: 'Running',
        isReady: true,
        readyAt: this.now,
        deletionCost: 0,
        restarts: this.made % 3,
        sidecarRestarts: 0,
        createdAt: this.now,
      });
    }
    // The order of the controller is what the e2e suite tests. Here it keeps the leader or not.
    if (this.pods.length > this.replicas) this.pods = this.pods.slice(0, this.replicas);
  }

  elect(name = this.pods[0]?.name): void {
    this.leader = name ?? null;
    this.settledAt = this.now;
  }

  get live(): FoundWorkload {
    const { replicas, isRollingOut, version } = this;
    const of = {
      kind: 'found',
      of: 'Deployment',
      name: 'web',
      uid: uidOf('web'),
      selector: '',
      labels: {},
      firstOrdinal: 0,
    } as const;
    return { ...of, replicas, isRollingOut, resourceVersion: String(version) };
  }

  input(facts: Facts): ScaleInput {
    const pod = this.pods.find(({ name }) => name === this.leader);
    return {
      setting: this.setting,
      isFrozen: this.isFrozen,
      conflict: null,
      leader:
        pod === undefined ? null : { uid: pod.uid, name: pod.name, isFit: pod.isReady, settledAt: this.settledAt },
      electable: new Set(this.pods.map(({ uid }) => uid)),
      record: parseScaleRecord(this.record),
      remembered: this.remembered,
      facts,
    };
  }

  /** One step of a function. It may read at one time and write at another, up to 3 s later. */
  step(delayMs: number): ScaleStep {
    let facts: Facts = {};
    for (;;) {
      const input = this.input(facts);
      const step = decideScale(input, this.now);
      if (step.kind === 'read') {
        const refusal = this.isAutoscaled ? ({ reason: 'Autoscaled', message: '' } as const) : null;
        if (step.what === 'live') facts = { ...facts, live: this.live };
        if (step.what === 'pods') facts = { ...facts, pods: this.pods };
        if (step.what === 'rivals') facts = { ...facts, rivals: { refusal, hpaMax: null } };
        continue;
      }
      if (step.kind === 'scale') this.check(step, input);
      if (step.kind === 'scale' && delayMs > 0 && !step.isUp) this.late = { step, by: this.now + delayMs };
      else this.apply(step);
      return step;
    }
  }

  check({ to, isUp }: Extract<ScaleStep, { kind: 'scale' }>, { setting, record, leader }: ScaleInput): void {
    if (isUp) return;
    expect(setting).not.toBeNull();
    expect(to, 'D1').toBeGreaterThanOrEqual(1 + (setting?.warm ?? 0));
    expect(isStanding(record) && record.survivor === leader?.uid && leader.isFit, 'D2').toBe(true);
    const last = predictOfReplicaSet(this.pods, { from: this.now, to: this.now });
    expect(last.kind === 'survivor' && last.pod.uid, 'D2').toBe(leader?.uid);
    expect(this.remembered, 'D3').toBe(String(this.replicas));
  }

  apply(step: ScaleStep): void {
    if (step.kind === 'note') {
      this.record = step.record === null ? undefined : formatScaleRecord(step.record);
      if (step.record?.phase === 'elect') this.elect(step.record.pod);
      if (step.record?.phase === 'elect') this.settledAt = 0;
    }
    if (step.kind === 'remember') this.remembered = step.replicas === null ? undefined : String(step.replicas);
    if (step.kind !== 'scale' || step.live.resourceVersion !== String(this.version)) return;
    if (step.isUp) this.owed = null;
    else this.owed ??= this.replicas;
    this.scale(step.to);
  }

  scale(to: number): void {
    this.replicas = to;
    this.version += 1;
    this.pods.sort((a, b) => Number(b.name === this.leader) - Number(a.name === this.leader));
    this.fill();
  }

  deliver(): void {
    if (this.late !== null) this.apply(this.late.step);
    this.late = null;
  }

  wait(ms: number): void {
    if (this.late !== null && this.now + ms >= this.late.by) this.deliver();
    this.now += ms;
  }
}

type Action = (model: Model) => void;

function change<T>(values: fc.Arbitrary<T>, apply: (model: Model, value: T) => void): fc.Arbitrary<Action> {
  return values.map((value) => (model) => apply(model, value));
}
const always = fc.constant(undefined);

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 24, arbitrary: change(fc.constantFrom(0, 0, 0, 2_500), (model, delayMs) => void model.step(delayMs)) },
  { weight: 4, arbitrary: change(fc.constantFrom(100, 100, 5_000, 21_000), (model, ms) => model.wait(ms)) },
  {
    weight: 2,
    arbitrary: change(always, (model) => {
      model.pods = model.pods.filter(({ name }) => name !== model.leader);
      model.fill();
      model.elect();
    }),
  },
  // A pin, or a container that restarts.
  { weight: 1, arbitrary: change(fc.nat(4), (model, n) => model.elect(model.pods[n]?.name)) },
  {
    weight: 1,
    arbitrary: change(fc.nat(4), (model, n) => {
      model.pods = model.pods.map((pod, index) => (index === n ? { ...pod, restarts: pod.restarts + 1 } : pod));
    }),
  },
  {
    weight: 1,
    arbitrary: change(fc.boolean(), (model, isReady) => {
      model.pods = model.pods.map((pod) => (pod.name === model.leader ? { ...pod, isReady } : pod));
    }),
  },
  {
    weight: 1,
    arbitrary: change(fc.constantFrom(3, 3, 5), (model, replicas) => {
      model.owed = null;
      model.scale(replicas);
    }),
  },
  {
    weight: 2,
    arbitrary: change(fc.constantFrom(null, settingOf(0), settingOf(1)), (model, setting) => {
      model.setting = setting;
    }),
  },
  { weight: 1, arbitrary: change(fc.boolean(), (model, is) => Object.assign(model, { isRollingOut: is })) },
  { weight: 1, arbitrary: change(fc.boolean(), (model, is) => Object.assign(model, { isAutoscaled: is })) },
  { weight: 1, arbitrary: change(fc.boolean(), (model, is) => Object.assign(model, { isFrozen: is })) },
  // A hand takes away the record, or what the leader Service says. Never both, nor at the very
  // second of a request.
  {
    weight: 1,
    arbitrary: change(fc.constantFrom('record' as const, 'remembered' as const), (model, lost) => {
      const isWhole = model.record !== undefined && model.remembered !== undefined;
      if (isWhole && model.late === null) model[lost] = undefined;
    }),
  },
);

it('D1 to D3: never below 1 + warm, never but with the survivor as leader, and always restorable', () => {
  const uids = fc.array(fc.nat(9), { minLength: 3, maxLength: 3 });
  const run = fc.property(uids, fc.array(action, { minLength: 20, maxLength: 60 }), (seed, actions) => {
    const model = new Model(seed);
    for (const act of actions) {
      act(model);
      if (model.owed === null || model.replicas >= model.owed) continue;
      // D3: what we took is written down.
      const record = parseScaleRecord(model.record);
      const isKnown = (isStanding(record) && record.from === model.owed) || model.remembered === String(model.owed);
      expect(isKnown, 'D3').toBe(true);
    }
    // Opted out, and left alone: everything that was taken comes back, and nothing is left.
    model.setting = null;
    if (model.leader === null || !model.pods.some(({ name }) => name === model.leader)) model.elect();
    const owed = model.replicas < (model.owed ?? 0) ? model.owed : null;
    for (let n = 0; n < 12; n += 1) {
      model.step(0);
      model.wait(n % 3 === 2 ? CLAIM_MS : 100);
    }
    if (owed !== null) expect(model.replicas, 'D3').toBeGreaterThanOrEqual(owed);
    expect([model.record, model.remembered]).toEqual([undefined, undefined]);
  });
  fc.assert(run, { numRuns: 3_000 });
});

it('comes down to the leader in the end, where nothing else happens', () => {
  const model = new Model([4, 2, 7]);
  model.wait(3_600_000);
  for (let n = 0; n < 40 && model.replicas > 1; n += 1) {
    model.step(0);
    model.wait(1_000);
  }
  expect(model.replicas).toBe(1);
  expect(model.remembered).toBe('3');
});
