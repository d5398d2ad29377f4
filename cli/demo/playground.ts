/**
 * Prints what to try by hand with `zen-lead demo --keep`, then says what happens until the demo is
 * stopped.
 */

import { annotation } from '../../lib/selection/names.ts';
import type { DemoCluster } from './cluster/demoCluster.ts';
import { LEADER_SERVICE, POD_NAMES, SERVICE } from './postgres.ts';
import type { Screen } from './screen.ts';

interface Playground {
  readonly cluster: DemoCluster;
  readonly screen: Screen;
  readonly kubeconfigPath: string;
  readonly pageUrl: string;
  readonly apiUrl: string;
}

export function showPlayground({ cluster, screen, kubeconfigPath, pageUrl, apiUrl }: Playground): void {
  screen.step(5, 'Your turn, in a second terminal; Ctrl-C here ends it');
  screen.line(`   live page   ${pageUrl}`);
  screen.line(`   api         ${apiUrl}/v1/leader/pool/${SERVICE}.default`);
  screen.command(`export KUBECONFIG=${kubeconfigPath}`);
  screen.command(`kubectl get pods,services,endpointslices`);
  screen.command(`kubectl describe endpointslice ${LEADER_SERVICE}-ipv4`);
  screen.command(`kubectl delete pod ${POD_NAMES[0]}`);
  screen.command(`kubectl annotate service ${SERVICE} ${annotation.pinLeader}=${POD_NAMES[2]}`);
  screen.command(`kubectl annotate pod ${POD_NAMES[2]} ${annotation.exclude}=true`);
  screen.command(`npx zen-lead switchover default/${SERVICE}`);
  screen.command(`npx zen-lead lock default/try --api-url ${apiUrl} -- sleep 60`);
  screen.line('   kubectl create with a file works. `kubectl create deployment` and the like send protobuf, which');
  screen.line('   this API refuses; no controller would make pods of a Deployment here either.');
  screen.command(`kubectl get leases,events`);
  screen.command(`kubectl annotate service ${SERVICE} ${annotation.enabled}-`);
  screen.command(`nc 127.0.0.1 ${cluster.leaderPort}              # who answers`);
  screen.command(`echo crash | nc 127.0.0.1 ${cluster.leaderPort} # kill the pod that answers`);
  screen.line();
  narrate(cluster, screen);
}

/** Prints one line for each change: the pod that is routed to, and how long none answered. */
function narrate({ journal }: DemoCluster, screen: Screen): void {
  let darkSince: number | null = null;
  journal.onEntry((entry) => {
    const time = new Date().toISOString().slice(11, 23);
    if (entry.kind === 'routed') screen.line(`   ${time}  ${LEADER_SERVICE} routes to ${entry.pod}`);
    if (entry.kind === 'unrouted') screen.line(`   ${time}  ${LEADER_SERVICE} routes to no pod`);
    if (entry.kind === 'notReady') screen.line(`   ${time}  ${entry.pod} is not Ready`);
    if (entry.kind === 'ready') screen.line(`   ${time}  ${entry.pod} is Ready`);
    if (entry.kind === 'unanswered') darkSince ??= entry.at;
    if (entry.kind === 'answered' && darkSince !== null) {
      screen.line(`   ${time}  ${entry.pod} answers; no pod did for ${Math.round(entry.at - darkSince)} ms`);
      darkSince = null;
    }
  });
}
