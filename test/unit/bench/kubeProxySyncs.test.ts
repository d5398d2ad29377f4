import { expect, it } from 'vitest';
import { parseSyncs } from '../../cluster/kubeProxy.ts';

const log = `
I1129 04:48:05.123456     174 proxier.go:275] "NFTables sync params" ipFamily="IPv4" minSyncPeriod="1s"
I1129 04:48:05.200000     174 proxier.go:1138] "Syncing nftables rules" ipFamily="IPv4" fullSync=false
I1129 04:48:05.210000     174 proxier.go:1138] "Syncing nftables rules" ipFamily="IPv6" fullSync=false
I1129 04:48:05.230000     174 proxier.go:1132] "SyncProxyRules complete" ipFamily="IPv6" elapsed="20ms"
I1129 04:48:05.250999     174 proxier.go:1132] "SyncProxyRules complete" ipFamily="IPv4" elapsed="50ms"
I1129 04:48:06.300000     174 proxier.go:1138] "Syncing nftables rules" ipFamily="IPv4" fullSync=false
`;

it('the syncs of kube-proxy are those for IPv4 that have ended, by the clock of this machine', () => {
  const at = (time: string) => Date.parse(`2026-11-29T${time}`);
  expect(parseSyncs(log, 2026)).toEqual([{ beganAt: at('04:48:05.200'), endedAt: at('04:48:05.250') }]);
});
