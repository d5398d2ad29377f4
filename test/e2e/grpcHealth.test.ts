/**
 * Tests the probe of gRPC health on the reference server, grpc-go. It is built from its published
 * module, which needs Go.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { network } from '../../bridge/probes/network.ts';
import { go, hasGo, writeModule } from '../support/controlPlane/goProgram.ts';

const GRPC_VERSION = '1.82.1';

const SERVER = `package main

import (
	"bufio"
	"fmt"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	server, status := grpc.NewServer(), health.NewServer()
	status.SetServingStatus("orders", healthpb.HealthCheckResponse_NOT_SERVING)
	healthpb.RegisterHealthServer(server, status)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		bufio.NewReader(os.Stdin).ReadString('\\n')
		server.GracefulStop()
	}()
	server.Serve(listener)
}
`;

const stop = new AbortController();
const directory = mkdtempSync(join(tmpdir(), 'zen-lead-grpc-'));
const program = await build().catch((error: unknown) => {
  console.log(`skipped: gRPC health on grpc-go, which cannot be built here: ${String(error).split('\n')[0]}`);
  return null;
});

/** Null without Go. Minutes on a busy machine where nothing is cached. */
async function build(): Promise<string | null> {
  if (!(await hasGo(stop.signal))) return null;
  const module = { module: 'google.golang.org/grpc', version: GRPC_VERSION };
  const folder = await writeModule(module, directory, stop.signal);
  writeFileSync(join(folder, 'main.go'), SERVER);
  await go(['build', '-o', 'server', '.'], folder, stop.signal);
  return join(folder, 'server');
}

describe.skipIf(program === null)('a probe of gRPC health on grpc-go', () => {
  let server: ChildProcess;
  let port = 0;

  beforeAll(async () => {
    server = spawn(program ?? '', { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = await once(server.stdout ?? server, 'data');
    port = Number(String(line).trim());
  });
  afterAll(() => {
    stop.abort();
    server?.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  const endpoint = (target: string) => ({ address: '127.0.0.1', check: { scheme: 'grpc' as const, port, target } });
  const probe = (service: string) => network.probe(endpoint(service), AbortSignal.timeout(30_000), null);

  it('passes SERVING, fails NOT_SERVING, and names the status of an unknown service', async () => {
    expect(await probe('')).toEqual({ kind: 'passed' });
    expect(await probe('orders')).toEqual({ kind: 'failed', detail: 'not-serving' });
    expect(await probe('nobody-knows')).toEqual({ kind: 'failed', detail: 'grpc-5' });
  });

  it('asks over one held session, hears that the server goes, and is refused then', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const held = network.hold(endpoint(''), resolve);
    for (let time = 0; time < 3; time++)
      expect(await network.probe(endpoint(''), AbortSignal.timeout(30_000), held)).toEqual({ kind: 'passed' });
    const exited = once(server, 'exit');
    server.stdin?.write('\n');
    await promise;
    await exited;
    expect(await probe('')).toEqual({ kind: 'failed', detail: 'refused' });
  });
});
