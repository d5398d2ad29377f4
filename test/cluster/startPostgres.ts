/**
 * Runs examples/postgresql on the cluster as its README says: the image, three instances on volumes
 * that outlive their pods, and the function that promotes.
 */

import { chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findPostgres, writePostgresImage } from '../../examples/postgresql/image.ts';
import type { Cluster } from './attachCluster.ts';
import { applyOverlay, waitUntilReady } from './zenLead.ts';

export interface Postgres {
  readonly namespace: string;
  /** Returns the pod that is routed to, or null. */
  readLeader(): Promise<string | null>;
  /** Waits until the leader writes, and both others receive what it writes. */
  untilSettled(): Promise<string>;
  /** Runs one statement on the leader. */
  query(statement: string): Promise<string>;
  /** Connection string of the leader Service, or of one pod. */
  connection(pod?: string): Promise<string>;
  remove(): Promise<void>;
}

const folder = resolve(import.meta.dirname, '../../examples/postgresql');
const names = ['postgres-0', 'postgres-1', 'postgres-2'];
/** Of the machine's images: 65532 is the user of every image of ours. */
const user = 65532;
const password = 'not-a-secret';
/** Two copies of a database, on a machine that is busy. */
const settleTimeoutMs = 120_000;

export async function startPostgres(cluster: Cluster, namespace: string): Promise<Postgres> {
  const bin = findPostgres()?.bin ?? '';
  const image = join(cluster.directory, 'images', 'postgresql.tar');
  writeFileSync(image, writePostgresImage('dev.local/postgresql:1'));
  await cluster.loadImage(image);
  rmSync(image);
  await cluster.apply(toNamespace(cluster, namespace));
  await cluster.kubectl(
    '-n',
    namespace,
    'create',
    'secret',
    'generic',
    'postgres',
    `--from-literal=password=${password}`,
    '--from-literal=token=also-none',
  );
  const promote = readFileSync(join(folder, 'promote.yaml'), 'utf8');
  await cluster.apply(promote.replace('namespaces/default/', `namespaces/${namespace}/`), '-n', namespace);
  await applyOverlay(cluster, 'postgresql');
  await cluster.kubectl('-n', namespace, 'wait', '--for=condition=Ready', 'ksvc/promote', '--timeout=120s');
  await waitUntilReady(cluster);
  // The function hears of the first leader, because it is there before the instances are.
  await cluster.apply(readFileSync(join(folder, 'postgresql.yaml'), 'utf8'), '-n', namespace);

  const readLeader = async (): Promise<string | null> => {
    const path = 'jsonpath={.items[*].endpoints[*].targetRef.name}';
    const selector = 'kubernetes.io/service-name=postgres-leader';
    const name = await cluster.kubectl('-n', namespace, 'get', 'endpointslices', '-l', selector, '-o', path);
    return name === '' ? null : name;
  };
  const connection = async (pod?: string): Promise<string> => {
    const address =
      pod === undefined
        ? await cluster.kubectl('-n', namespace, 'get', 'svc', 'postgres-leader', '-o', 'jsonpath={.spec.clusterIP}')
        : await cluster.kubectl('-n', namespace, 'get', 'pod', pod, '-o', 'jsonpath={.status.podIP}');
    return `host=${address} port=5432 user=postgres dbname=postgres password=${password} connect_timeout=2`;
  };
  const query = async (statement: string): Promise<string> =>
    (await cluster.run(join(bin, 'psql'), '-XAtq', '-d', await connection(), '-c', statement)).trim();
  return {
    namespace,
    readLeader,
    connection,
    query,
    async untilSettled() {
      const deadlineAt = Date.now() + settleTimeoutMs;
      const standbys =
        "SELECT current_setting('cluster_name'), count(*) FROM pg_stat_replication WHERE state = 'streaming' AND NOT pg_is_in_recovery()";
      for (;;) {
        const leader = await readLeader();
        const seen = await query(standbys).catch((error: Error) => error.message);
        if (leader !== null && seen === `${leader}|2`) return leader;
        if (Date.now() > deadlineAt) throw new Error(`the instances do not settle: ${leader} leads, ${seen}`);
        await sleep(250);
      }
    },
    async remove() {
      // A StatefulSet makes pods and claims again while its namespace is being removed.
      await cluster.kubectl('-n', namespace, 'delete', 'statefulset,ksvc', '--all', '--timeout=60s');
      await cluster.kubectl('delete', 'namespace', namespace, '--timeout=150s');
      await cluster.kubectl('delete', 'pv', ...names.map((name) => `${namespace}-${name}`), '--timeout=60s');
      await applyOverlay(cluster, 'first');
      await waitUntilReady(cluster);
    },
  };
}

/** The cluster has no provisioner, so there is a volume for each claim. */
function toNamespace(cluster: Cluster, namespace: string): string {
  const volumes = names.map((name) => {
    const path = join(cluster.directory, 'volumes', name);
    mkdirSync(path, { recursive: true });
    chownSync(path, user, user);
    return `
apiVersion: v1
kind: PersistentVolume
metadata: { name: ${namespace}-${name} }
spec:
  capacity: { storage: 1Gi }
  accessModes: [ReadWriteOnce]
  claimRef: { namespace: ${namespace}, name: data-${name} }
  hostPath: { path: ${path} }
`;
  });
  return [`apiVersion: v1\nkind: Namespace\nmetadata: { name: ${namespace} }\n`, ...volumes].join('---\n');
}
