/**
 * Builds the status that the kubelet stand-in writes on a pod: what a real kubelet reports, as far
 * as people and zen-lead read it.
 *
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions
 */

interface PodState {
  readonly ip: string;
  readonly isReady: boolean;
  readonly restarts: number;
  readonly startedAt: number;
  /** When readiness last changed. */
  readonly changedAt: number;
}

/** Instants are epoch milliseconds; Kubernetes writes whole seconds. */
export function aPodStatus(state: PodState): object {
  const changed = toSeconds(state.changedAt);
  const started = toSeconds(state.startedAt);
  const condition = (type: string, isTrue: boolean, lastTransitionTime: string) => ({
    type,
    status: isTrue ? 'True' : 'False',
    lastTransitionTime,
    ...(isTrue ? {} : { reason: 'ContainersNotReady', message: 'containers with unready status: [postgresql]' }),
  });
  return {
    phase: 'Running',
    hostIP: '192.0.2.1',
    podIP: state.ip,
    podIPs: [{ ip: state.ip }],
    startTime: started,
    conditions: [
      condition('PodScheduled', true, started),
      condition('Initialized', true, started),
      condition('ContainersReady', state.isReady, changed),
      condition('Ready', state.isReady, changed),
    ],
    containerStatuses: [
      {
        name: 'postgresql',
        image: 'postgres:18',
        imageID: '',
        ready: state.isReady,
        started: state.isReady,
        restartCount: state.restarts,
        state: state.isReady
          ? { running: { startedAt: started } }
          : { terminated: { exitCode: 137, reason: 'Error', finishedAt: changed } },
      },
    ],
  };
}

function toSeconds(at: number): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
