/**
 * Renders the live page: which pod leads, since when, and what has changed since the page was
 * opened.
 *
 * Guarantees: every reader gets the same text, which holds nothing of the cluster. The data comes
 * from the status API, and the page's script puts it into text nodes only. A content security
 * policy allows this page's own style and script, and requests to where it came from.
 */

import { script, style } from './livePage.generated.ts';
import { toPagePolicy } from './pagePolicy.ts';

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>zen-lead</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<header>
<h1>zen-lead</h1>
<p id="state" role="status">connecting</p>
<p id="summary"></p>
<input id="filter" type="search" placeholder="Find a Service or pod" aria-label="Show only Services whose name, or whose leader's name, contains this">
</header>
<div id="content">
<main id="leaders" aria-label="Leaders"></main>
<section id="locks" aria-labelledby="locks-title" hidden><h2 id="locks-title">Locks</h2><ul id="lock-list"></ul></section>
<section id="news" aria-labelledby="changes-title"><h2 id="changes-title">Changes since this page was opened</h2><ol id="changes" reversed><li class="none">none yet</li></ol></section>
</div>
<noscript>This page follows a stream with a script; /v1/leaders has the same as JSON.</noscript>
<script>${script}</script>
</body>
</html>
`;

export const pagePolicy = toPagePolicy({ style, script });

export function renderPage(): string {
  return page;
}
