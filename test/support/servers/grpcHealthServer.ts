/**
 * GrpcHealthServer: serves the standard health service with the gRPC library of Node, on loopback.
 */

import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';

export interface GrpcHealthServer {
  readonly port: number;
  /** Of a service: 1 SERVING, 2 NOT_SERVING. A service that is not set is NOT_FOUND. */
  set(service: string, status: number): void;
  /** Ends the sessions with GOAWAY, as a server does that shuts down. */
  drain(): void;
  close(): void;
}

const identity = (bytes: Buffer): Buffer => bytes;

/** HealthCheckRequest and HealthCheckResponse are so small that the test writes their bytes out. */
const health: ServiceDefinition = {
  Check: {
    path: '/grpc.health.v1.Health/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  },
};

export async function startGrpcHealthServer(): Promise<GrpcHealthServer> {
  const statuses = new Map<string, number>();
  const server = new Server();
  const implementation: UntypedServiceImplementation = {
    Check(call: { request: Buffer }, answer: (error: object | null, reply?: Buffer) => void) {
      const found = statuses.get(call.request.subarray(2).toString());
      if (found === undefined) answer({ code: status.NOT_FOUND, details: 'unknown service' });
      else answer(null, Buffer.from([0x08, found]));
    },
  };
  server.addService(health, implementation);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return {
    port,
    set: (service, value) => statuses.set(service, value),
    drain: () => server.drain(`127.0.0.1:${port}`, 1_000),
    close: () => server.forceShutdown(),
  };
}
