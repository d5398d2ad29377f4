/**
 * Tests that the pages that we serve and write are HTML as the standard wants it.
 *
 * Source: https://html-validate.org/rules/
 */

import { HtmlValidate } from 'html-validate';
import { expect, it } from 'vitest';
import { renderFlowPage } from '../../../api/flows/renderFlowPage.ts';
import { renderPage } from '../../../api/renderStatusPage.ts';
import type { PassOutcome } from '../../../cli/flow/recording/decidePassAgain.ts';
import { createFlowTimeline } from '../../../cli/flow/recording/flowTimeline.ts';
import { renderHtmlPage } from '../../../cli/replay/htmlPage.ts';
import { type TimelineData, timelineColumns } from '../../../cli/replay/timelineData.ts';

const validator = new HtmlValidate({
  extends: ['html-validate:standard', 'html-validate:a11y'],
});

const noTimeline = {
  startAt: 0,
  tables: { services: [], pods: [], seen: [], notes: [], files: [], reasons: [], decisions: [] },
  reasonTexts: [],
  columns: Object.fromEntries(timelineColumns.map((column) => [column, []])) as unknown as TimelineData['columns'],
};

function aFlowTimeline(): string {
  const timeline = createFlowTimeline();
  const changes: PassOutcome['changes'] = [{ step: '<a>', from: 'Pending', to: 'Running', reason: null, attempt: 1 }];
  const today = { decision: 'advanced', phase: 'Running', reason: null, changes } as const;
  const flow = { namespace: 'default', name: 'nightly' };
  const pass = {
    kind: 'pass',
    flow,
    type: '',
    change: null,
    at: 0,
    status: 200,
    snapshot: null,
    recorded: null,
  } as const;
  timeline.add({ pass, today, differs: true });
  return timeline.render();
}

it.each([
  ['the live page', renderPage()],
  ['the live page of flows', renderFlowPage()],
  ['the timeline of replay', renderHtmlPage(noTimeline)],
  ['the timeline of flows', aFlowTimeline()],
])('%s is valid HTML', async (_name, html) => {
  const report = await validator.validateString(html);
  expect(
    report.results.flatMap(({ messages }) => messages.map(({ ruleId, message, line }) => ({ ruleId, message, line }))),
  ).toEqual([]);
});
