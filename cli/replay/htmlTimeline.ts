/**
 * Collects the reconciles of a replay for one page in a browser (`replay --html`). htmlPage.ts
 * renders the page itself.
 *
 * Guarantees: the page is one file with nothing to download, and no text of the recording becomes
 * markup or script.
 */

import { writeFile } from 'node:fs/promises';
import { electionSuffix } from '../../lib/selection/elections/electionSuffix.ts';
import { reasonText } from '../../lib/selection/reasonText.ts';
import { type Outcome, outcomeOf, type Replayed } from './decideAgain.ts';
import { decisionKinds } from './decisionKinds.ts';
import { renderHtmlPage } from './htmlPage.ts';
import { listNotes } from './renderReconcile.ts';
import { NOTHING, type TimelineColumn, timelineColumns } from './timelineData.ts';

interface HtmlTimeline {
  /** `place` is where the reconcile stands in the recording. */
  add(replayed: Replayed, place: string): void;
  render(): string;
  /** Rejects with the file system's error. */
  write(path: string): Promise<void>;
}

export function createHtmlTimeline(): HtmlTimeline {
  const columns = Object.fromEntries(timelineColumns.map((name) => [name, [] as number[]])) as Record<
    TimelineColumn,
    number[]
  >;
  const services = createTable();
  const pods = createTable();
  const seen = createTable();
  const notes = createTable();
  const files = createTable();
  const reasons = Object.keys(reasonText);
  let startAt = Number.POSITIVE_INFINITY;

  function render(): string {
    // Relative to the first reconcile, which halves the digits.
    const at = columns.at.map((each) => each - startAt);
    return renderHtmlPage({
      startAt: Number.isFinite(startAt) ? startAt : 0,
      tables: {
        services: services.texts(),
        pods: pods.texts().map(podName),
        seen: seen.texts(),
        notes: notes.texts(),
        files: files.texts(),
        reasons,
        decisions: decisionKinds,
      },
      reasonTexts: Object.values(reasonText),
      columns: { ...columns, at },
    });
  }

  /** `suffix`: which election of the Service. Each has a lane of its own. */
  function addRow(replayed: Replayed, outcome: Outcome | null, suffix: string, place: string): void {
    const { reconcile, differs } = replayed;
    const colon = place.lastIndexOf(':');
    const podOf = (pod: { name: string; uid: string } | null | undefined) =>
      pod ? pods.indexOf(`${pod.name} ${pod.uid}`) : NOTHING;
    startAt = Math.min(startAt, reconcile.at);
    columns.at.push(reconcile.at);
    columns.service.push(services.indexOf(`${reconcile.service.namespace}/${reconcile.service.name}${suffix}`));
    columns.decision.push(outcome === null ? NOTHING : decisionKinds.indexOf(outcome.decision));
    columns.reason.push(outcome === null ? NOTHING : reasons.indexOf(outcome.reason));
    columns.leader.push(podOf(outcome?.leader));
    columns.previous.push(podOf(outcome?.previous));
    columns.epoch.push(outcome?.epoch ?? 0);
    columns.seen.push(
      seen.indexOf(
        reconcile.change === null
          ? reconcile.type
          : `${reconcile.change.kind} ${reconcile.change.name} ${reconcile.change.verb}`,
      ),
    );
    const text = listNotes(replayed).join('\n');
    columns.note.push(text === '' ? NOTHING : notes.indexOf(text));
    columns.file.push(files.indexOf(place.slice(0, colon)));
    columns.line.push(Number(place.slice(colon + 1)));
    columns.differs.push(differs ? 1 : 0);
  }

  return {
    add(replayed, place) {
      const { elections } = replayed;
      if (elections.length === 0) addRow(replayed, outcomeOf(replayed), '', place);
      for (const each of elections) addRow(replayed, each, electionSuffix(each), place);
    },
    render,
    write: (path) => writeFile(path, render()),
  };
}

interface Table {
  indexOf(text: string): number;
  texts(): readonly string[];
}

function createTable(): Table {
  const indexes = new Map<string, number>();
  return {
    indexOf(text) {
      const index = indexes.get(text) ?? indexes.size;
      indexes.set(text, index);
      return index;
    },
    texts: () => [...indexes.keys()],
  };
}

/** The table distinguishes pods by uid, and the page shows their names. */
function podName(text: string): string {
  return text.slice(0, text.indexOf(' '));
}
