/**
 * Renders the page of `replay --html` around the data of a timeline.
 *
 * Guarantees: the data is JSON inside a script element that no browser runs, and `<` is escaped, so
 * that no text can end the element. A content security policy allows this page's own script and
 * nothing from anywhere else.
 * Source:
 * https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements
 */

import { hashSource } from '../../api/hashSource.ts';
import { renderHtmlDocument } from './htmlDocument.ts';
import type { TimelineData } from './timelineData.ts';
import { script, style } from './timelinePage.generated.ts';

export function renderHtmlPage(data: TimelineData): string {
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  const policy = `; script-src ${hashSource(script)}`;
  return renderHtmlDocument({ title: 'zen-lead timeline', style, policy, body: renderBody(json) });
}

function renderBody(json: string): string {
  return `<header>
<h1>zen-lead timeline</h1>
<p id="summary"></p>
<div id="controls" role="group" aria-label="View">
<button type="button" id="in" title="Zoom in (+)">+</button>
<button type="button" id="out" title="Zoom out (-)">&minus;</button>
<button type="button" id="fit" title="Show all (0)">All</button>
<button type="button" id="previous" title="Previous change (p)">&lsaquo; change</button>
<button type="button" id="next" title="Next change (n)">change &rsaquo;</button>
<input id="filter" type="search" placeholder="Services" aria-label="Show only Services whose name contains this">
</div>
<ul id="legend">
<li><i class="led"></i>led, a colour a pod</li><li><i class="none"></i>no pod</li>
<li><i class="elected"></i>elected</li><li><i class="trouble"></i>lost, refused or not delivered</li><li><i class="differs"></i>decided otherwise today</li>
</ul>
</header>
<main id="scroll" tabindex="0" aria-label="Timeline: one lane a Service. Plus and minus zoom, arrows move, n and p go to changes."><canvas id="lanes"></canvas><div id="space"></div></main>
<div id="tip" role="status" aria-live="polite"></div>
<noscript>This page draws with a script.</noscript>
<script type="application/json" id="data">${json}</script>
<script>${script}</script>`;
}
