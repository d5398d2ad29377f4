/**
 * Finds the real prometheus and promtool on the path. In Debian and Ubuntu, the package
 * `prometheus` has both.
 */

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

interface PrometheusPrograms {
  readonly prometheus: string;
  readonly promtool: string;
}

/** Returns the programs, or the line that says why the monitoring tests are skipped. */
export function findPrometheus(path: string): PrometheusPrograms | string {
  const find = (name: string) =>
    path
      .split(delimiter)
      .map((directory) => join(directory, name))
      .find((file) => existsSync(file));
  const prometheus = find('prometheus');
  const promtool = find('promtool');
  if (prometheus === undefined || promtool === undefined)
    return 'monitoring: skipped, there is no prometheus and promtool on the path (apt-get install prometheus)';
  return { prometheus, promtool };
}
