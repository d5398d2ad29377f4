/**
 * Renders the live page of flows: a list of flows, and the graph of the one that is chosen.
 *
 * Guarantees: every reader gets the same text, which holds nothing of the cluster. The page's
 * script puts the data of the status API into text nodes and attributes of SVG only.
 */

import { toPagePolicy } from '../pagePolicy.ts';
import { script, style } from './flowPage.generated.ts';

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>zen-flow</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<header>
<h1>zen-flow</h1>
<p id="state" role="status">connecting</p>
<p id="summary"></p>
<input id="filter" type="search" placeholder="Find a flow" aria-label="Show only flows whose namespace or name contains this">
</header>
<main>
<section aria-labelledby="flows-title"><h2 id="flows-title">Flows</h2><ul id="flows"></ul></section>
<section id="chosen" aria-labelledby="chosen-title" hidden>
<h2 id="chosen-title">Steps</h2>
<div id="graph" tabindex="0" role="group" aria-label="Graph of the steps"></div>
<table id="steps"><thead><tr><th scope="col">step</th><th scope="col">state</th><th scope="col">attempt</th><th scope="col">start</th><th scope="col">end</th></tr></thead><tbody></tbody></table>
</section>
</main>
<noscript>This page follows a stream with a script; /v1/flows has the same as JSON.</noscript>
<script>${script}</script>
</body>
</html>
`;

export const flowPagePolicy = toPagePolicy({ style, script });

export function renderFlowPage(): string {
  return page;
}
