/**
 * The commands of zen-lead, and the settings that each takes. A command added here appears in
 * `--help`, in docs/reference/configuration.md and in the type that the entry point switches on.
 */

import { debugCommands } from './debugCommands.ts';
import { bridgeLimitSettings, functionLimitSettings } from './limitSettings.ts';
import { lockSettings } from './lockSettings.ts';
import { serverSettings } from './serverSettings.ts';
import type { Command } from './setting.ts';
import {
  apiSettings,
  clusterSettings,
  deliverySettings,
  leaseSettings,
  probeSettings,
  recordingSettings,
} from './sharedSettings.ts';
import { tracingSettings } from './tracingSettings.ts';

/** Of `run`, whose events do not leave the process. */
const inProcess = {
  default: serverSettings.hintTimeoutMs.default,
  why: 'An answer within one process cannot be lost; a slow one means a slow API server, and starting over would cost it more.',
} as const;

const cluster = { ...clusterSettings, clusterName: serverSettings.clusterName } as const;

export const commands = {
  demo: {
    summary: 'An embedded Kubernetes API, a sample workload, and a failover you can watch.',
    settings: {
      keep: serverSettings.keep,
      port: serverSettings.demoPort,
      // The demo's own lines are to be read.
      logLevel: { ...serverSettings.logLevel, default: 'silent', why: 'The demo prints its story itself.' },
      noColor: serverSettings.noColor,
    },
  },
  run: {
    summary: 'Bridge and functions in one process, against a kubeconfig or in a cluster.',
    settings: {
      config: serverSettings.config,
      ...cluster,
      namespaces: serverSettings.namespaces,
      schemasUrl: serverSettings.schemasUrl,
      port: serverSettings.probesPort,
      host: serverSettings.host,
      statusHosts: serverSettings.statusHosts,
      metricsPerServiceLimit: serverSettings.metricsPerServiceLimit,
      eventsSink: serverSettings.eventsSink,
      ceOverrides: serverSettings.ceOverrides,
      caCerts: serverSettings.caCerts,
      attemptTimeoutMs: { ...serverSettings.attemptTimeoutMs, ...inProcess },
      ...deliverySettings,
      scaleDown: serverSettings.scaleDown,
      maxHints: functionLimitSettings.maxHints,
      ...probeSettings,
      ...bridgeLimitSettings,
      ...leaseSettings,
      ...recordingSettings,
      apiPort: serverSettings.apiPortOfRun,
      ...apiSettings,
      ...tracingSettings,
      logLevel: serverSettings.logLevel,
    },
  },
  bridge: {
    summary: 'The half that watches: turns changes in the cluster into CloudEvents.',
    settings: {
      config: serverSettings.config,
      ...cluster,
      namespaces: serverSettings.namespaces,
      sink: serverSettings.sink,
      schemasUrl: serverSettings.schemasUrl,
      tokenFile: serverSettings.tokenFile,
      attemptTimeoutMs: serverSettings.attemptTimeoutMs,
      ...deliverySettings,
      ceOverrides: serverSettings.ceOverrides,
      caCerts: serverSettings.caCerts,
      port: serverSettings.probesPort,
      host: serverSettings.host,
      statusHosts: serverSettings.statusHosts,
      metricsPerServiceLimit: serverSettings.metricsPerServiceLimit,
      ...probeSettings,
      ...bridgeLimitSettings,
      ...leaseSettings,
      ...recordingSettings,
      ...tracingSettings,
      logLevel: serverSettings.logLevel,
    },
  },
  functions: {
    summary: 'The half that decides: answers CloudEvents and writes EndpointSlices.',
    settings: {
      config: serverSettings.config,
      ...cluster,
      trustedSender: serverSettings.trustedSender,
      audience: serverSettings.audience,
      acceptHints: serverSettings.acceptHints,
      acceptVerdicts: serverSettings.acceptVerdicts,
      scaleDown: serverSettings.scaleDown,
      eventsSink: serverSettings.eventsSink,
      ceOverrides: serverSettings.ceOverrides,
      caCerts: serverSettings.caCerts,
      port: serverSettings.functionsPort,
      host: serverSettings.host,
      metricsPerServiceLimit: serverSettings.metricsPerServiceLimit,
      ...functionLimitSettings,
      ...tracingSettings,
      logLevel: serverSettings.logLevel,
    },
  },
  api: {
    summary: 'The role that answers: who leads, am I the leader, and locks. Several replicas share the work.',
    settings: {
      config: serverSettings.config,
      ...cluster,
      namespaces: serverSettings.namespaces,
      port: serverSettings.apiPort,
      host: serverSettings.host,
      ...apiSettings,
      statusHosts: serverSettings.statusHosts,
      logLevel: serverSettings.logLevel,
    },
  },
  lock: {
    summary: 'Run a command while holding a lock: zen-lead lock NAME -- COMMAND.',
    settings: lockSettings,
  },
  ...debugCommands,
} as const satisfies Readonly<Record<string, Command>>;

export type CommandName = keyof typeof commands;
