/**
 * The first part of the script of the page of `replay --html`: the data, the lanes with their spans, and what is in view.
 */

export const laneScript = `
'use strict';
const { startAt, tables, reasonTexts, columns } = JSON.parse(document.getElementById('data').textContent);
const LANE = 40, AXIS = 26, PAD = 8;
// Okabe and Ito: told apart by colour-blind people too.
const COLOURS = ['#0072b2', '#009e73', '#e69f00', '#cc79a7', '#56b4e9', '#d55e00', '#8a8f00', '#7a5195'];
const element = (id) => document.getElementById(id);
const canvas = element('lanes'), scroll = element('scroll'), space = element('space'), tip = element('tip');
const pen = canvas.getContext('2d');
const count = columns.at.length;
const lastAt = columns.at.reduce((most, at) => Math.max(most, at), 0);
// A recording of one instant still has to have a width.
const wholeMs = Math.max(lastAt, 1000);
const margin = wholeMs * 0.02;
let from = -margin, until = wholeMs + margin, lanes = [], pointed = null;

/** One lane a Service: its looks in order of time, and the spans of one leader each. */
const all = tables.services.map((name) => ({ name, looks: [], spans: [], pods: new Map() }));
for (let i = 0; i < count; i++) all[columns.service[i]].looks.push(i);
for (const lane of all) {
  lane.looks.sort((a, b) => columns.at[a] - columns.at[b] || a - b);
  for (const look of lane.looks) {
    // Unknown, or refused: says nothing about who is routed to.
    if (columns.decision[look] < 0 || tables.decisions[columns.decision[look]] === 'refused') continue;
    const leader = columns.leader[look], last = lane.spans[lane.spans.length - 1];
    if (leader >= 0 && !lane.pods.has(leader)) lane.pods.set(leader, COLOURS[lane.pods.size % COLOURS.length]);
    if (last && last.leader === leader) continue;
    if (last) last.end = columns.at[look];
    lane.spans.push({ start: columns.at[look], end: wholeMs + margin, leader, look });
  }
}
all.sort((a, b) => (a.name < b.name ? -1 : 1));

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const labelWidth = () => (canvas.clientWidth < 640 ? 0 : 200);
const xOf = (at) => labelWidth() + ((at - from) / (until - from)) * (canvas.clientWidth - labelWidth());
const atOf = (x) => from + ((x - labelWidth()) / (canvas.clientWidth - labelWidth())) * (until - from);
const isoOf = (at) => new Date(startAt + at).toISOString();
/** The first position in lane.looks at or after an instant. */
function lowerBound(looks, at) {
  let low = 0, high = looks.length;
  while (low < high) { const middle = (low + high) >> 1; if (columns.at[looks[middle]] < at) low = middle + 1; else high = middle; }
  return low;
}

`;
