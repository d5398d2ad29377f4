/** The commands that people type about flows that run. */

import { debugSettings } from './debugSettings.ts';
import { serverSettings } from './serverSettings.ts';
import type { Command, Setting } from './setting.ts';
import { clusterSettings } from './sharedSettings.ts';

const flow = {
  kind: 'text',
  operand: true,
  placeholder: 'FLOW',
  required: true,
  meaning: 'Name of the JobFlow.',
} as const satisfies Setting;

const step = {
  kind: 'text',
  operand: true,
  placeholder: 'STEP',
  required: true,
  meaning: 'Name of a step of it.',
} as const satisfies Setting;

const namespace = {
  kind: 'text',
  flag: 'namespace',
  short: 'n',
  placeholder: 'NS',
  meaning: 'Namespace of the flow.',
  absent: "the kubeconfig's namespace counts",
} as const satisfies Setting;

const one = { flow, namespace, ...clusterSettings } as const;
const ofStep = { flow, step, namespace, ...clusterSettings } as const;
const { noColor } = serverSettings;

export const flowVerbCommands = {
  list: {
    summary: 'The flows of a namespace: phase, progress, what each waits for; and its schedules.',
    settings: { namespace, output: debugSettings.documentOutput, ...clusterSettings, noColor },
  },
  get: {
    summary: 'One flow with its steps, or one schedule with its flows.',
    settings: {
      flow: { ...flow, meaning: 'Name of the JobFlow, or of the JobFlowSchedule.' },
      namespace,
      output: debugSettings.documentOutput,
      ...clusterSettings,
      noColor,
    },
  },
  logs: {
    summary: 'What the pods of a step have written, of its newest attempt.',
    settings: {
      flow,
      step,
      namespace,
      follow: {
        kind: 'switch',
        flag: 'follow',
        short: 'f',
        meaning: 'Wait for the step where it has not begun, and print until it has ended.',
      },
      container: {
        kind: 'text',
        flag: 'container',
        short: 'c',
        placeholder: 'NAME',
        meaning: 'Name of a container of its pods.',
        absent: 'the first one counts',
      },
      ...clusterSettings,
      noColor,
    },
  },
  explain: {
    summary: 'Where each step of a flow stands, why it failed, and what would lead on.',
    settings: {
      flow,
      step: {
        kind: 'text',
        operand: true,
        placeholder: 'STEP',
        meaning: 'Name of the one step to explain.',
        absent: 'every step is explained',
      },
      namespace,
      output: debugSettings.documentOutput,
      ...clusterSettings,
      noColor,
    },
  },
  approve: { summary: 'Answer yes to a Manual step, in the name of the own user.', settings: ofStep },
  reject: { summary: 'Answer no to a Manual step.', settings: ofStep },
  retry: { summary: 'Ask for one more attempt of a step that has ended.', settings: ofStep },
  skip: { summary: 'Go on without a step: when its turn comes, or where it has failed.', settings: ofStep },
  suspend: { summary: 'Start nothing more for now.', settings: one },
  resume: { summary: 'End the suspension.', settings: one },
  stop: { summary: 'Start nothing more. What runs ends by itself, and finally runs.', settings: one },
  terminate: { summary: 'Start nothing more, and end what runs. finally runs.', settings: one },
} as const satisfies Readonly<Record<string, Command>>;
