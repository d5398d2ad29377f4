/**
 * The commands of zen-lead, and the settings that each takes. A command added here appears in `--help`, in
 * docs/reference/configuration.md and in the type that the entry point switches on.
 */

import { debugCommands } from './debugCommands.ts';
import type { Command } from './setting.ts';
import { settings } from './settings.ts';
import { clusterSettings, leaseSettings, recordingSettings } from './sharedSettings.ts';
import { tracingSettings } from './tracingSettings.ts';

const cluster = { ...clusterSettings, clusterName: settings.clusterName } as const;

export const commands = {
  demo: {
    summary: 'An embedded Kubernetes API, a sample workload, and a failover you can watch.',
    settings: {
      keep: settings.keep,
      port: settings.demoPort,
      // The demo's own lines are what is to be read.
      logLevel: { ...settings.logLevel, default: 'silent', why: 'The demo tells its story itself.' },
      noColor: settings.noColor,
    },
  },
  run: {
    summary: 'Bridge and functions in one process, against a kubeconfig or in a cluster.',
    settings: {
      ...cluster,
      namespaces: settings.namespaces,
      port: settings.probesPort,
      host: settings.host,
      eventsSink: settings.eventsSink,
      ceOverrides: settings.ceOverrides,
      caCerts: settings.caCerts,
      ...leaseSettings,
      ...recordingSettings,
      ...tracingSettings,
      logLevel: settings.logLevel,
    },
  },
  bridge: {
    summary: 'The half that watches: turns changes in the cluster into CloudEvents.',
    settings: {
      ...cluster,
      namespaces: settings.namespaces,
      sink: settings.sink,
      tokenFile: settings.tokenFile,
      attemptTimeoutMs: settings.attemptTimeoutMs,
      hintTimeoutMs: settings.hintTimeoutMs,
      resyncIntervalMs: settings.resyncIntervalMs,
      deadLetterSink: settings.deadLetterSink,
      ceOverrides: settings.ceOverrides,
      caCerts: settings.caCerts,
      port: settings.probesPort,
      host: settings.host,
      ...leaseSettings,
      ...recordingSettings,
      ...tracingSettings,
      logLevel: settings.logLevel,
    },
  },
  functions: {
    summary: 'The half that decides: answers CloudEvents and writes EndpointSlices.',
    settings: {
      ...cluster,
      trustedSender: settings.trustedSender,
      audience: settings.audience,
      acceptHints: settings.acceptHints,
      eventsSink: settings.eventsSink,
      ceOverrides: settings.ceOverrides,
      caCerts: settings.caCerts,
      port: settings.functionsPort,
      host: settings.host,
      ...tracingSettings,
      logLevel: settings.logLevel,
    },
  },
  ...debugCommands,
} as const satisfies Readonly<Record<string, Command>>;

export type CommandName = keyof typeof commands;
