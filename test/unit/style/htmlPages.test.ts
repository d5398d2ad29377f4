/**
 * Tests that the pages that we serve and write are HTML as the standard wants it.
 *
 * Source: https://html-validate.org/rules/
 */

import { HtmlValidate } from 'html-validate';
import { expect, it } from 'vitest';
import { renderPage } from '../../../api/renderStatusPage.ts';
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

it.each([
  ['the live page', renderPage()],
  ['the timeline of replay', renderHtmlPage(noTimeline)],
])('%s is valid HTML', async (_name, html) => {
  const report = await validator.validateString(html);
  expect(
    report.results.flatMap(({ messages }) => messages.map(({ ruleId, message, line }) => ({ ruleId, message, line }))),
  ).toEqual([]);
});
