/**
 * createScaleChecks: checks D1 to D3 (docs/guarantees.md) after every write, by what is in etcd,
 * and that no leader is deleted by a number that zen-lead wrote.
 *
 * A function reads before it writes, so that a check about what others change allows for the time
 * that a request takes.
 */

import { isStanding, parseScaleRecord, type StandingRecord } from '../../../lib/selection/scaleRecord.ts';
import type { ObservedWrite } from '../apiServer.ts';
import type { Etcd } from '../etcd.ts';
import { annotationOf, endpointsOf, type KubeObject } from '../kubeObject.ts';
import { MAX_WRITE_DELAY_MS } from '../network.ts';
import { specOf, type WorkloadControllers } from './workloadControllers.ts';

export interface ScaleChecks {
  readonly violations: readonly string[];
  onWrite(write: ObservedWrite): void;
  /** The replicas that zen-lead has taken away and not given back were so many before. */
  owed(): number | null;
  /** How often zen-lead has scaled down, and back. */
  counts(): { readonly down: number; readonly up: number };
}

export interface ScaleChecksOptions {
  readonly etcd: Etcd;
  readonly source: string;
  now(): number;
  /** When the request was sent that is being carried out. */
  sentAt(): number;
  controllers(): WorkloadControllers;
}

/** A function reads and writes within 0.8 s, and a request that was sent arrives within 4 s. */
const ACTS_WITHIN_MS = 800;
const ON_ITS_WAY_MS = 1_000 + MAX_WRITE_DELAY_MS;
const SCALE_DOWN = 'zen-lead.io/scale-down';
const SCALE_RESTORE = 'zen-lead.io/scale-restore';
const SCALE_STATE = 'zen-lead.io/scale-state';

interface Moment {
  readonly at: number;
  readonly warm: number | null;
  readonly leader: string | undefined;
  readonly survivor: string | undefined;
}

export function createScaleChecks({ etcd, source, now, sentAt, controllers }: ScaleChecksOptions): ScaleChecks {
  const violations: string[] = [];
  let moments: Moment[] = [];
  let owed: number | null = null;
  let scaledAt: number | null = null;
  let disturbedAt = Number.NEGATIVE_INFINITY;
  let down = 0;
  let up = 0;

  const slices = (): readonly KubeObject[] => etcd.list('endpointslices');
  const records = (): readonly StandingRecord[] =>
    slices()
      .map((slice) => parseScaleRecord(annotationOf(slice, SCALE_STATE)))
      .filter(isStanding);
  const remembered = (): readonly (string | undefined)[] =>
    etcd.list('services').map((service) => annotationOf(service, SCALE_RESTORE));
  function leader(): string | undefined {
    const slice = slices().find((each) => annotationOf(each, 'zen-lead.io/leader-pod-uid') !== undefined);
    return slice === undefined ? undefined : endpointsOf(slice)[0]?.targetRef?.uid;
  }

  function readMoment(): Moment {
    const value = annotationOf(etcd.read('services', source), SCALE_DOWN);
    const warm = value !== undefined && /^\d+$/.test(value) ? Number(value) : null;
    return { at: now(), warm, leader: leader(), survivor: controllers().survivor()?.metadata.uid };
  }
  /** What was so at any instant since then. */
  function since(at: number): readonly Moment[] {
    const before = moments.findLastIndex((moment) => moment.at <= at);
    return moments.slice(Math.max(0, before));
  }

  function checkDown(before: number, after: number): void {
    const recent = since(now() - ON_ITS_WAY_MS);
    const warm = recent.flatMap((moment) => moment.warm ?? []);
    // A value that cannot be read changes nothing, and what there was before goes on.
    const least = warm.length === 0 ? 0 : Math.min(...warm);
    if (after < 1 + least) violations.push(`D1: ${after} replicas, with ${least} warm`);
    // It looks at the pods and at the slice right before it sends.
    const seen = since(sentAt() - ACTS_WITHIN_MS);
    if (!seen.some((moment) => moment.leader !== undefined && moment.leader === moment.survivor)) {
      const last = recent.at(-1);
      violations.push(`D2: from ${before} to ${after}, led by ${last?.leader}, and ${last?.survivor} survives`);
    }
  }

  function onWorkload({ actor, before, after }: ObservedWrite): void {
    if (before === null || after === null) return;
    const [from, to] = [specOf(before).replicas, specOf(after).replicas];
    if (before['spec'] !== after['spec'] && !actor.startsWith('function')) disturbedAt = now();
    if (from === to) return;
    if (!actor.startsWith('function')) {
      owed = null;
      scaledAt = null;
      return;
    }
    const isKnown = records().some(
      (record) => [record.from, record.to].toSorted().join() === [from, to].toSorted().join(),
    );
    if (!isKnown && !remembered().includes(String(Math.max(from, to))))
      violations.push(`D3: from ${from} to ${to}, which is written down nowhere`);
    if (to < from) {
      checkDown(from, to);
      owed ??= from;
      scaledAt = now();
      down += 1;
    } else {
      if (to >= (owed ?? 0)) owed = null;
      scaledAt = null;
      up += 1;
    }
  }

  function onPod({ actor, before, after }: ObservedWrite): void {
    const isDeletion =
      before?.metadata.deletionTimestamp === undefined && after?.metadata.deletionTimestamp !== undefined;
    const isByController = actor === 'workload' && (isDeletion || after === null);
    if (!isByController) disturbedAt = now();
    const uid = before?.metadata.uid;
    if (!isDeletion || actor !== 'workload' || scaledAt === null || uid === undefined) return;
    const isCalm = disturbedAt < scaledAt - ON_ITS_WAY_MS;
    const hasLed = since(scaledAt - ON_ITS_WAY_MS).every((moment) => moment.leader === uid);
    if (isCalm && hasLed) violations.push(`D2: ${before?.metadata.name} led, and is deleted by a scale-down`);
  }

  return {
    violations,
    onWrite(write) {
      if (write.outcome !== 'written') return;
      moments.push(readMoment());
      if (moments.length > 2_000) moments = moments.slice(-1_000);
      if (write.plural === 'deployments' || write.plural === 'statefulsets') onWorkload(write);
      if (write.plural === 'pods') onPod(write);
      const workload = controllers().read();
      if (owed === null || workload === null || specOf(workload).replicas >= owed) return;
      const isKnown = records().some(({ from }) => from === owed) || remembered().includes(String(owed));
      if (!isKnown) violations.push(`D3: ${owed} replicas are forgotten after ${write.actor} wrote ${write.name}`);
    },
    owed: () => owed,
    counts: () => ({ down, up }),
  };
}
