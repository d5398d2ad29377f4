/**
 * Renders the text of `zen-lead explain`, and of each stop of `replay --step`.
 */

import { formatSpan } from '../../api/formatSpan.ts';
import { electionSuffix } from '../../lib/selection/elections/electionSuffix.ts';
import type { Output } from '../output.ts';
import { describeHealth, type ExplainedCheck } from './describeCheck.ts';
import { describeNode } from './describeNode.ts';
import type { ExplainDocument, ExplainedAnnotation, ExplainedPod, ExplainedReport } from './explainDocument.ts';

type Paint = Output['paint'];

export function renderExplanation(document: ExplainDocument, paint: Paint): readonly string[] {
  const { service, leaderService, at, election } = document;
  const name = `${service}${election === undefined ? '' : electionSuffix(election)}`;
  return [
    `${paint('bold', name)} -> ${leaderService ?? 'no leader Service'}, as of ${at}`,
    '',
    ...renderDecision(document, paint),
    ...section('Pods', [...renderPods(document.pods, paint), ...renderOmitted(document)], paint),
    ...section('Health check', renderCheck(document.healthCheck), paint),
    ...section('Role check', renderCheck(document.roleCheck), paint),
    ...section('Scale-down', document.scaleDown === undefined ? [] : [document.scaleDown], paint),
    ...section(
      'Annotations',
      document.annotations.map((each) => renderAnnotation(each, paint)),
      paint,
    ),
    ...section('History', renderHistory(document), paint),
    ...section(
      'Other elections',
      (election?.others ?? []).map((other) => `zen-lead explain ${other}`),
      paint,
    ),
    ...section('Next', [renderNext(document)], paint),
    ...section(
      'Warnings',
      document.warnings.map(({ reason, message }) => paint('yellow', `${reason}: ${message}`)),
      paint,
    ),
    ...section('To be written', document.writes, paint),
  ];
}

function section(title: string, lines: readonly string[], paint: Paint): readonly string[] {
  return lines.length === 0 ? [] : ['', paint('bold', title), ...lines.map((line) => `  ${line}`)];
}

function renderDecision(document: ExplainDocument, paint: Paint): readonly string[] {
  const { decision, reason, because, leader, previous, epoch, lastSwitchAt, at } = document;
  const who = leader === null ? paint('red', 'no pod leads') : `${paint('green', leader.name)} leads`;
  const since =
    lastSwitchAt === null ? '' : `, last switch ${formatSpan(Date.parse(at) - Date.parse(lastSwitchAt))} before`;
  const { handover } = document;
  const beside =
    handover === undefined
      ? []
      : [`  the handover overlaps: ${handover.from} is routed to as well until ${handover.until}`];
  const from = previous !== null && previous.uid !== leader?.uid ? [`  before: ${previous.name}`] : [];
  return [`${who}: ${because}`, ...from, ...beside, `  ${decision}, ${reason}; epoch ${epoch}${since}`];
}

function renderPods(pods: readonly ExplainedPod[], paint: Paint): readonly string[] {
  if (pods.length === 0) return ['none that the Service selects'];
  const width = Math.max(...pods.map(({ name }) => name.length));
  return pods.map(({ name, standing, because, health, reports, node, nodeState, zone, isNext }) => {
    const place = [node, zone].filter((each) => each !== null).join(', ');
    const where = place === '' ? '' : paint('dim', ` (${place})`);
    const next = isNext ? '; next, when the leader goes' : '';
    const format = standing === 'leader' ? 'green' : standing === 'unfit' ? 'red' : 'reset';
    const check = health === null ? '' : `; ${describeHealth(health)}`;
    const fault = nodeState === null ? '' : describeNode(nodeState);
    const reported = reports.map(renderReport).join('');
    return `${paint(format, name.padEnd(width))}  ${because}${check}${fault}${reported}${next}${where}`;
  });
}

function renderReport({ fit, by, reason, until }: ExplainedReport): string {
  const why = reason === '' ? '' : ` (${JSON.stringify(reason)})`;
  return `; ${by} says ${fit ? 'fit' : 'unfit'} until ${until}${why}`;
}

function renderOmitted({ omittedPods }: ExplainDocument): readonly string[] {
  if (omittedPods === undefined) return [];
  const counts = Object.entries(omittedPods).map(([standing, count]) => `${count} ${standing}`);
  return [`and pods that the event left out because it had too many: ${counts.join(', ')}`];
}

function renderCheck(check: ExplainedCheck | null): readonly string[] {
  if (check === null) return [];
  const { check: value, observer, bound } = check;
  return [`${value}, ${observer === null ? 'no verdict is known here' : `run by ${observer}`}`, bound];
}

function renderAnnotation({ annotation, value, readAs, accepts }: ExplainedAnnotation, paint: Paint): string {
  const written = `${annotation}: ${JSON.stringify(value)}`;
  const goesBy = readAs === null ? '' : `; goes by: ${readAs}`;
  if (accepts !== null) return paint('red', `${written}  cannot be read, accepts ${accepts}${goesBy}`);
  return `${written}  ${readAs === null ? 'read' : readAs}`;
}

/** The first entry is the leader that the first lines tell of. */
function renderHistory({ history, at: now }: ExplainDocument): readonly string[] {
  if (history.length < 2) return [];
  return history.map(({ epoch, pod, reason, at }) => {
    const when = at === null ? '' : `, ${formatSpan(Date.parse(now) - Date.parse(at))} before`;
    return `${pod ?? 'no pod'}: ${reason}${when}, epoch ${epoch}`;
  });
}

function renderNext({ nextLookAt, at }: ExplainDocument): string {
  if (nextLookAt === null) return 'nothing changes until a pod, the Service or a slice does';
  return `decided again at ${nextLookAt}, ${formatSpan(Date.parse(nextLookAt) - Date.parse(at))} later, without any event`;
}
