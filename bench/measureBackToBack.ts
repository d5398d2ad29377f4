/**
 * Measures how long a failover takes among many Services, one after another without a pause, with
 * bridge and functions in one process. docs/performance.md.
 */

import { measureFleetFailovers } from './fleetFailovers.ts';

await measureFleetFailovers({
  script: 'measureBackToBack.ts',
  name: 'back-to-back',
  claim: 'Failovers one after another among many Services',
});
process.exit();
