/**
 * Starts a real Prometheus with our rules that scrapes real programs.
 *
 * The rules are the shipped ones. Only what would make a test wait for minutes is shorter: the
 * intervals of scrape and evaluation, and every `for`.
 */

import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { z } from 'zod';
import { spawnPrometheus } from './spawnPrometheus.ts';

const sample = z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) });
const answers = {
  query: z.object({ data: z.object({ result: z.array(sample) }) }),
  alerts: z.object({
    data: z.object({
      alerts: z.array(
        z.object({
          state: z.string(),
          labels: z.record(z.string(), z.string()),
          annotations: z.record(z.string(), z.string()),
        }),
      ),
    }),
  }),
};

type Sample = z.infer<typeof sample>;

interface Prometheus {
  readonly url: string;
  query(expression: string): Promise<readonly Sample[]>;
  alerts(): Promise<z.infer<typeof answers.alerts>['data']['alerts']>;
}

const rulesFile = new URL('../../deploy/prometheus/rules.yaml', import.meta.url);

export async function startPrometheus(targets: readonly string[]): Promise<Prometheus> {
  const rules = readFileSync(rulesFile, 'utf8').replaceAll(/^( +for:) .+$/gm, '$1 1s');
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yaml'],
    scrape_configs: [
      {
        job_name: 'zen-lead',
        // As the operator does with our PodMonitors: a target has the namespace of its pod, and our
        // own label wins.
        honor_labels: true,
        static_configs: [{ targets: targets.map((url) => new URL(url).host), labels: { namespace: 'zen-lead' } }],
      },
    ],
  };
  const { url, read } = await spawnPrometheus(config, rules);
  const prometheus: Prometheus = {
    url,
    query: async (expression) =>
      answers.query.parse(await read(`/api/v1/query?query=${encodeURIComponent(expression)}`)).data.result,
    alerts: async () => answers.alerts.parse(await read('/api/v1/alerts')).data.alerts,
  };
  await expect
    .poll(async () => (await prometheus.query('up == 1').catch(() => [])).length, { timeout: 30_000, interval: 200 })
    .toBe(targets.length);
  return prometheus;
}
