/**
 * createHealthHandlers: serves grpc.health.v1.Health, for kubelets and load balancers.
 *
 * Source: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */

import type { ServiceImpl } from '@connectrpc/connect';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Readiness } from '../../lib/telemetry/probes.ts';
import { type Health, HealthCheckResponse_ServingStatus as Status } from './generated/grpc/health/v1/health_pb.js';
import { streamLatest } from './streamLatest.ts';

/** How soon a watcher hears that the status is another. */
const LOOK_EVERY_MS = 1_000;

/** `services`: the names of those that are served; the empty name stands for the whole server. */
export function createHealthHandlers(
  services: readonly string[],
  isReady: () => Readiness,
): ServiceImpl<typeof Health> {
  const statusOf = (service: string): Status => {
    if (service !== '' && !services.includes(service)) return Status.SERVICE_UNKNOWN;
    return isReady().ready ? Status.SERVING : Status.NOT_SERVING;
  };
  return {
    check({ service }) {
      const status = statusOf(service);
      if (status === Status.SERVICE_UNKNOWN) throw new ConnectError('the service is not served here', Code.NotFound);
      return { status };
    },
    async *watch({ service }, { signal }) {
      yield* streamLatest<{ readonly status: Status }>(
        ({ put }) => {
          let told: Status | undefined;
          const tell = (): void => {
            const status = statusOf(service);
            if (status === told) return;
            told = status;
            put('', { status });
          };
          tell();
          const timer = setInterval(tell, LOOK_EVERY_MS);
          return () => clearInterval(timer);
        },
        () => null,
        signal,
      );
    },
  };
}
