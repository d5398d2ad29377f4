/**
 * The commands of zen-flow, and the settings that each takes. `run`, `bridge` and `functions` need
 * a cluster.
 */

import { debugSettings } from './debugSettings.ts';
import {
  flowBridgeLimitSettings,
  flowDeliverySettings,
  flowFunctionLimitSettings,
  flowStatusHosts,
} from './flowSettings.ts';
import { flowVerbCommands } from './flowVerbCommands.ts';
import { inNameOf } from './inNameOf.ts';
import { serverSettings } from './serverSettings.ts';
import type { Command, Setting } from './setting.ts';
import { clusterSettings, leaseSettings, recorderSettings } from './sharedSettings.ts';
import { tracingSettings } from './tracingSettings.ts';
import { webhookSettings } from './webhookSettings.ts';

const files = {
  kind: 'list',
  operand: true,
  placeholder: 'FILE',
  required: true,
  meaning: 'Files of YAML or JSON; each JobFlow and JobFlowSchedule in them counts. - is standard input.',
} as const satisfies Setting;

const file = {
  kind: 'text',
  operand: true,
  placeholder: 'FILE',
  required: true,
  meaning: 'File of YAML or JSON with one JobFlow or JobFlowSchedule; - is standard input.',
} as const satisfies Setting;

const { hintTimeoutMs, resyncIntervalMs } = flowDeliverySettings;

const ownLease = {
  ...leaseSettings,
  leaseName: { ...serverSettings.leaseName, default: 'zen-flow', why: 'Leaders have a Lease of their own.' },
} as const;

const cluster = { ...clusterSettings, clusterName: serverSettings.clusterName } as const;

const schemasUrl = {
  ...serverSettings.schemasUrl,
  meaning: 'Where the JSON Schemas of the events are, for dataschema. zen-flow functions serve them under /schemas.',
} as const;

const recordedFlows = {
  kind: 'list',
  flag: 'flow',
  placeholder: 'NS/NAME',
  emptyMeans: 'every flow',
  meaning: 'This flow only; may be repeated.',
} as const satisfies Setting;

/** Where others are told of flows and steps. */
const announcing = {
  eventsSink: {
    ...serverSettings.eventsSink,
    meaning: 'Where zen-flow announces what happens to flows and steps as CloudEvents, a Broker for instance.',
    absent: 'zen-flow writes Kubernetes Events only',
  },
  ceOverrides: serverSettings.ceOverrides,
  caCerts: serverSettings.caCerts,
} as const;

export const flowCommands = inNameOf('zen-flow', {
  demo: {
    summary: 'An embedded Kubernetes API, a flow of eight steps, and a bridge that is killed in the middle.',
    settings: {
      // The demo's own lines are to be read.
      logLevel: { ...serverSettings.logLevel, default: 'silent', why: 'The demo prints its story itself.' },
      noColor: serverSettings.noColor,
    },
  },
  run: {
    summary: 'Bridge and functions of flows in one process, against a kubeconfig or in a cluster.',
    settings: {
      config: serverSettings.config,
      ...cluster,
      namespaces: serverSettings.namespaces,
      port: serverSettings.probesPort,
      host: serverSettings.host,
      statusHosts: flowStatusHosts,
      ...announcing,
      attemptTimeoutMs: {
        ...serverSettings.attemptTimeoutMs,
        default: serverSettings.hintTimeoutMs.default,
        why: 'An answer within one process cannot be lost; a slow one means a slow API server.',
      },
      hintTimeoutMs,
      resyncIntervalMs,
      ...flowBridgeLimitSettings,
      ...ownLease,
      ...tracingSettings,
      logLevel: serverSettings.logLevel,
    },
  },
  bridge: {
    summary: 'The half that watches: turns changes of flows and Jobs into CloudEvents.',
    settings: {
      config: serverSettings.config,
      ...cluster,
      namespaces: serverSettings.namespaces,
      sink: serverSettings.sink,
      schemasUrl,
      tokenFile: serverSettings.tokenFile,
      attemptTimeoutMs: {
        ...serverSettings.attemptTimeoutMs,
        default: serverSettings.hintTimeoutMs.default,
        why: 'Such an event costs the function a write of the record and one for each Job that starts, up to 50.',
      },
      ...flowDeliverySettings,
      ceOverrides: serverSettings.ceOverrides,
      caCerts: serverSettings.caCerts,
      port: serverSettings.probesPort,
      host: serverSettings.host,
      statusHosts: flowStatusHosts,
      ...flowBridgeLimitSettings,
      ...ownLease,
      ...tracingSettings,
      logLevel: serverSettings.logLevel,
    },
  },
  functions: {
    summary: 'The half that decides: answers CloudEvents, and writes records and Jobs.',
    settings: {
      config: serverSettings.config,
      ...cluster,
      trustedSender: serverSettings.trustedSender,
      audience: { ...serverSettings.audience, default: 'zen-flow' },
      acceptHints: serverSettings.acceptHints,
      ...announcing,
      port: serverSettings.functionsPort,
      host: serverSettings.host,
      ...flowFunctionLimitSettings,
      ...tracingSettings,
      logLevel: serverSettings.logLevel,
    },
  },
  webhook: {
    summary: 'Answers the API server about flows: checks them, fills in defaults and who created them.',
    settings: {
      config: serverSettings.config,
      ...clusterSettings,
      ...webhookSettings,
      host: serverSettings.host,
      ...tracingSettings,
      logLevel: serverSettings.logLevel,
    },
  },
  lint: {
    summary: 'What is wrong with a flow or a schedule, with line and column; exit code 1 for an error.',
    settings: { files },
  },
  simulate: {
    summary: 'Run a flow on a virtual clock, with outcomes that you choose, by the rules that a cluster would use.',
    settings: {
      file,
      outcomes: {
        kind: 'list',
        flag: 'outcome',
        placeholder: 'STEP=LIST',
        emptyMeans: 'every attempt succeeds',
        meaning:
          'How the attempts of a step end, one after the other: ok, fail, fail:CODE or timeout. The last one repeats. May be repeated.',
      },
      durations: {
        kind: 'list',
        flag: 'duration',
        placeholder: 'STEP=SPAN',
        emptyMeans: '10s for each',
        meaning: 'How long each attempt of a step takes, as build=5m. May be repeated.',
      },
      approve: {
        kind: 'list',
        flag: 'approve',
        placeholder: 'STEP',
        emptyMeans: 'none',
        meaning: 'A Manual step that a person approves, 10 s after it is asked. May be repeated.',
      },
      reject: {
        kind: 'list',
        flag: 'reject',
        placeholder: 'STEP',
        emptyMeans: 'none',
        meaning: 'A Manual step that a person rejects. May be repeated.',
      },
      give: {
        kind: 'list',
        flag: 'give',
        placeholder: 'STEP.OUTPUT=VALUE',
        emptyMeans: 'simulated-OUTPUT for each',
        meaning: 'What the Job of a step gives, as build.tag=v1. May be repeated.',
      },
      expect: {
        kind: 'choice',
        flag: 'expect',
        placeholder: 'PHASE',
        choices: ['Succeeded', 'Failed', 'Paused', 'Suspended', 'Running'],
        meaning: 'Exit with 1 where the flow ends, or waits, in another phase.',
        absent: 'every end is accepted',
      },
      output: debugSettings.documentOutput,
      noColor: serverSettings.noColor,
    },
  },
  graph: {
    summary: 'The steps of a flow in their order, as text, as a Mermaid diagram or as a page of HTML.',
    settings: {
      file,
      output: {
        kind: 'choice',
        flag: 'output',
        short: 'o',
        placeholder: 'FORMAT',
        choices: ['text', 'mermaid', 'html'],
        default: 'text',
        meaning:
          'Format of the output. GitHub and GitLab draw mermaid in a README. Each has the states of a flow that kubectl get -o yaml gives, and html its times.',
        why: 'A terminal shows it.',
      },
    },
  },
  record: {
    summary: 'Capture the events of flows with what the rules decide about them; writes nothing to the cluster.',
    settings: {
      file: {
        ...debugSettings.recordTo,
        why: 'A pipe into zen-flow replay - is the quickest way to see what happens.',
      },
      flows: recordedFlows,
      ...recorderSettings,
    },
  },
  replay: {
    summary: 'Decide the events of a recording of flows again, without a cluster, and show what happened.',
    settings: {
      files: debugSettings.recordings,
      flows: recordedFlows,
      from: debugSettings.from,
      until: debugSettings.until,
      all: { ...debugSettings.all, meaning: 'Print every pass, also those that changed nothing.' },
      expect: debugSettings.expect,
      html: debugSettings.html,
      noColor: serverSettings.noColor,
    },
  },
  ...flowVerbCommands,
} as const satisfies Readonly<Record<string, Command>>);
