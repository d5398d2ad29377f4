/**
 * The commands that people type while they search for a cause. commands.ts takes them into its
 * table.
 */

import { debugSettings } from './debugSettings.ts';
import { serverSettings } from './serverSettings.ts';
import type { Command } from './setting.ts';
import { clusterSettings, editSettings, recorderSettings } from './sharedSettings.ts';

const edit = { ...editSettings, ...clusterSettings } as const;
const { service, to } = debugSettings;

export const debugCommands = {
  record: {
    summary: 'Capture the events of a cluster with what the rules decide about them; writes nothing to the cluster.',
    settings: {
      file: debugSettings.recordTo,
      services: debugSettings.services,
      ...recorderSettings,
    },
  },
  replay: {
    summary: 'Decide the events of a recording again, without a cluster, and show what happened.',
    settings: {
      files: debugSettings.recordings,
      services: debugSettings.services,
      from: debugSettings.from,
      until: debugSettings.until,
      all: debugSettings.all,
      expect: debugSettings.expect,
      html: debugSettings.html,
      step: debugSettings.step,
      speed: debugSettings.speed,
      url: debugSettings.url,
      tokenFile: serverSettings.tokenFile,
      noColor: serverSettings.noColor,
    },
  },
  explain: {
    summary: 'Why this pod leads, why each other one does not, and what happens next.',
    settings: {
      service: debugSettings.election,
      bridge: debugSettings.bridge,
      recording: debugSettings.recording,
      at: debugSettings.at,
      output: debugSettings.documentOutput,
      ...clusterSettings,
      noColor: serverSettings.noColor,
    },
  },
  status: {
    summary: 'Every annotated Service: its leader, since when, and whether anything is wrong.',
    settings: {
      namespaces: {
        ...serverSettings.namespaces,
        short: 'n',
        meaning: 'This namespace only; may be repeated. The variable takes several with commas between them.',
      },
      bridge: debugSettings.bridge,
      output: debugSettings.statusOutput,
      watch: debugSettings.watch,
      ...clusterSettings,
      noColor: serverSettings.noColor,
    },
  },
  switchover: { summary: 'Move the lead to another pod now, and wait until it is there.', settings: { ...edit, to } },
  pin: { summary: 'Have one pod lead for as long as it is fit.', settings: { ...edit, to } },
  unpin: { summary: 'Take the pin away again.', settings: edit },
  pause: { summary: 'Freeze the leader: no move, whatever happens.', settings: edit },
  resume: { summary: 'End the pause.', settings: edit },
  report: {
    summary: 'Say that a pod should not lead, for some minutes; the leader moves if it is that pod.',
    settings: {
      service,
      pod: debugSettings.reportedPod,
      unfit: debugSettings.unfit,
      fit: debugSettings.fit,
      for: debugSettings.verdictFor,
      reason: debugSettings.verdictReason,
      dryRun: debugSettings.dryRun,
      timeoutSeconds: debugSettings.timeoutSeconds,
      ...clusterSettings,
    },
  },
  completion: { summary: 'Write the completion script of a shell.', settings: { shell: debugSettings.shell } },
} as const satisfies Readonly<Record<string, Command>>;
