/**
 * The script of the page of `replay --html`. Plain JavaScript for a browser: no build step stands between this text and the page.
 *
 * One canvas as large as the window; only the lanes and the time in view are drawn, and of many marks on one pixel one, so that 100,000
 * looks move smoothly. What the pointer is at is told in text below, which a screen reader and a phone have too.
 */

export const htmlScript = String.raw`
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

function draw() {
  const width = scroll.clientWidth, height = scroll.clientHeight, ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
    canvas.style.width = width + 'px'; canvas.style.height = height + 'px';
  }
  space.style.height = Math.max(0, AXIS + lanes.length * LANE - height) + 'px';
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const ink = { ink: css('--ink'), dim: css('--dim'), paper: css('--paper'), line: css('--line'), band: css('--band'), bad: css('--bad'), warn: css('--warn'), odd: css('--odd'), mark: css('--mark') };
  pen.fillStyle = ink.paper; pen.fillRect(0, 0, width, height);
  const top = scroll.scrollTop;
  const first = Math.max(0, Math.floor((top - AXIS) / LANE)), last = Math.min(lanes.length, Math.ceil((top + height) / LANE));
  pen.fillStyle = ink.band;
  for (let row = first; row < last; row++) if (row % 2) pen.fillRect(0, AXIS + row * LANE - top, width, LANE);
  drawAxis(width, height, ink, height);
  for (let row = first; row < last; row++) drawLane(lanes[row], AXIS + row * LANE - top, width, ink);
  drawAxis(width, height, ink, 6);
}

function drawLane(lane, y, width, ink) {
  const left = labelWidth(), barTop = left ? y + 12 : y + 18, barHeight = left ? 20 : 16;
  pen.save(); pen.beginPath(); pen.rect(left, y, width - left, LANE); pen.clip();
  pen.font = '11px system-ui, sans-serif'; pen.textBaseline = 'middle';
  for (const span of lane.spans) {
    if (span.end < from || span.start > until) continue;
    const x = Math.max(xOf(span.start), left - 5), right = Math.min(xOf(span.end), width + 5), wide = Math.max(right - x, 1);
    if (span.leader < 0) drawHatch(x, barTop, wide, barHeight, ink.bad);
    else { pen.fillStyle = lane.pods.get(span.leader); pen.fillRect(x, barTop, wide, barHeight); }
    const text = span.leader < 0 ? 'nobody' : tables.pods[span.leader];
    if (wide > 40 && pen.measureText(text).width < wide - 10) {
      const at = Math.max(x, left) + 6;
      if (span.leader < 0) { const w = pen.measureText(text).width; pen.fillStyle = ink.paper; pen.fillRect(at - 3, barTop + 2, w + 6, barHeight - 4); }
      pen.fillStyle = span.leader < 0 ? ink.bad : '#fff'; pen.fillText(text, at, barTop + barHeight / 2 + 0.5);
    }
  }
  let drawnTick = -1, drawnMark = -1;
  for (let i = lowerBound(lane.looks, from); i < lane.looks.length && columns.at[lane.looks[i]] <= until; i++) {
    const look = lane.looks[i], x = Math.round(xOf(columns.at[look]));
    const decision = tables.decisions[columns.decision[look]];
    const isTrouble = decision === 'lost' || decision === 'refused' || columns.note[look] >= 0;
    if (x !== drawnTick) { drawnTick = x; pen.fillStyle = ink.dim; pen.fillRect(x, barTop + barHeight, 1, 3); }
    if ((decision === 'elected' || isTrouble || columns.differs[look]) && (x !== drawnMark || columns.differs[look])) {
      drawnMark = x;
      if (decision === 'elected') { pen.fillStyle = ink.mark; pen.beginPath(); pen.moveTo(x - 4, barTop - 7); pen.lineTo(x + 4, barTop - 7); pen.lineTo(x, barTop); pen.fill(); }
      else if (isTrouble) { pen.fillStyle = decision === 'kept' ? ink.warn : ink.bad; pen.fillRect(x - 1, barTop - 6, 2, 6); }
      if (columns.differs[look]) { pen.fillStyle = ink.odd; pen.save(); pen.translate(x, barTop - 3); pen.rotate(Math.PI / 4); pen.fillRect(-4, -4, 8, 8); pen.restore(); }
    }
  }
  if (pointed && pointed.lane === lane) { pen.fillStyle = ink.ink; pen.fillRect(Math.round(xOf(columns.at[pointed.look])) - 0.5, y, 1.5, LANE); }
  pen.restore();
  pen.font = '13px system-ui, sans-serif'; pen.fillStyle = ink.ink; pen.textBaseline = left ? 'middle' : 'top';
  if (left) { pen.save(); pen.beginPath(); pen.rect(0, y, left - 6, LANE); pen.clip(); pen.fillText(lane.name, PAD, y + LANE / 2 + 2); pen.restore(); }
  else pen.fillText(lane.name, PAD, y + 2);
}

function drawHatch(x, y, width, height, colour) {
  pen.save(); pen.beginPath(); pen.rect(x, y, width, height); pen.clip();
  pen.strokeStyle = colour; pen.lineWidth = 1.5; pen.beginPath();
  for (let at = x - height - ((x - height) % 6); at < x + width; at += 6) { pen.moveTo(at, y + height); pen.lineTo(at + height, y); }
  pen.stroke(); pen.restore();
}

/** A step that people count in, with room for its text. */
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5, 108e5, 216e5, 432e5, 864e5, 6048e5];
function drawAxis(width, height, ink, lineHeight) {
  const left = labelWidth(), step = STEPS.find((each) => (each / (until - from)) * (width - left) > 110) || STEPS[STEPS.length - 1];
  pen.fillStyle = ink.paper; pen.fillRect(0, 0, width, AXIS);
  pen.font = '11px system-ui, sans-serif'; pen.textBaseline = 'middle';
  for (let at = Math.ceil((from + startAt) / step) * step - startAt; at < until; at += step) {
    const x = xOf(at);
    if (x < left) continue;
    pen.fillStyle = ink.line; pen.fillRect(x, AXIS - 6, 1, lineHeight);
    const iso = isoOf(at);
    pen.fillStyle = ink.dim; pen.fillText(step >= 864e5 ? iso.slice(0, 10) : step < 1e3 ? iso.slice(11, 23) : iso.slice(11, 19), x + 4, AXIS / 2);
  }
  if (left) { pen.fillStyle = ink.dim; pen.fillText(isoOf(Math.max(from, 0)).slice(0, 10) + ' UTC', PAD, AXIS / 2); }
  pen.fillStyle = ink.line; pen.fillRect(0, AXIS - 1, width, 1);
}

/** The look under the pointer, or, between looks, the one whose leader stands there. */
function lookAt(x, y) {
  const lane = lanes[Math.floor((y + scroll.scrollTop - AXIS) / LANE)];
  if (!lane || y < AXIS || lane.looks.length === 0) return null;
  const after = lowerBound(lane.looks, atOf(x));
  const near = [after - 1, after].filter((i) => i >= 0 && i < lane.looks.length).sort((a, b) => distance(lane, a, x) - distance(lane, b, x));
  const nearest = near[0];
  if (distance(lane, nearest, x) <= 6) return { lane, look: lane.looks[mostTelling(lane, nearest, x)] };
  return { lane, look: lane.looks[Math.max(0, after - 1)] };
}
const distance = (lane, i, x) => Math.abs(xOf(columns.at[lane.looks[i]]) - x);
/** Many looks on a few pixels: the one that changed something. */
function mostTelling(lane, nearest, x) {
  const weigh = (i) => { const look = lane.looks[i], d = tables.decisions[columns.decision[look]]; return columns.differs[look] * 4 + (d === 'elected' || d === 'lost' ? 2 : 0) + (columns.note[look] >= 0 ? 1 : 0); };
  let best = nearest;
  for (const way of [-1, 1]) for (let i = nearest + way, steps = 0; i >= 0 && i < lane.looks.length && distance(lane, i, x) <= 6 && steps < 500; i += way, steps++) if (weigh(i) > weigh(best)) best = i;
  return best;
}

function describe(found) {
  tip.replaceChildren();
  if (!found) { tip.textContent = 'Point at a lane, or tap it.'; return; }
  const { lane, look } = found, pod = (index) => (index < 0 ? 'nobody' : tables.pods[index]);
  const leader = columns.leader[look], previous = columns.previous[look], reason = columns.reason[look];
  const title = document.createElement('b');
  title.textContent = lane.name + '  ' + isoOf(columns.at[look]);
  const lines = [];
  if (columns.decision[look] < 0) lines.push('It is not known what was decided.');
  else {
    lines.push((previous === leader ? pod(leader) + (leader < 0 ? '' : ' leads') : pod(previous) + ' \u2192 ' + pod(leader)) + ': ' + reasonTexts[reason]);
    lines.push(tables.decisions[columns.decision[look]] + ' ' + tables.reasons[reason] + ', epoch ' + columns.epoch[look]);
  }
  lines.push('seen: ' + tables.seen[columns.seen[look]] + '   (' + tables.files[columns.file[look]] + ':' + columns.line[look] + ')');
  if (columns.note[look] >= 0) lines.push(tables.notes[columns.note[look]]);
  tip.append(title, '\n' + lines.join('\n'));
}

let isScheduled = false;
function redraw() { if (isScheduled) return; isScheduled = true; requestAnimationFrame(() => { isScheduled = false; draw(); }); }
function point(found) { pointed = found; describe(found); redraw(); }
function show(start, end) {
  const most = wholeMs + 2 * margin, span = Math.min(Math.max(end - start, 5), most);
  from = Math.min(Math.max(start, -margin), wholeMs + margin - span); until = from + span; redraw();
}
function zoom(factor, x) { const at = atOf(x === undefined ? labelWidth() + (canvas.clientWidth - labelWidth()) / 2 : x); show(at - (at - from) * factor, at + (until - at) * factor); }
function move(share) { const by = (until - from) * share; show(from + by, until + by); }
/** To the nearest change of a leader before or after what is pointed at, in the lanes shown. */
function goToChange(way) {
  const at = pointed ? columns.at[pointed.look] : way > 0 ? -Infinity : Infinity;
  let best = null;
  for (const lane of lanes) for (const span of lane.spans) if ((span.start - at) * way > 0 && (!best || (span.start - best.span.start) * way < 0)) best = { lane, span };
  if (!best) return;
  if (best.span.start < from || best.span.start > until) { const half = (until - from) / 2; show(best.span.start - half, best.span.start + half); }
  scroll.scrollTop = Math.max(0, lanes.indexOf(best.lane) * LANE - scroll.clientHeight / 2);
  point({ lane: best.lane, look: best.span.look });
}
function choose(text) { lanes = all.filter(({ name }) => name.includes(text)); scroll.scrollTop = 0; point(null); }

let drag = null;
canvas.addEventListener('pointermove', (event) => {
  if (drag) { const by = ((drag.x - event.offsetX) / (canvas.clientWidth - labelWidth())) * (drag.until - drag.from); show(drag.from + by, drag.until + by); return; }
  point(lookAt(event.offsetX, event.offsetY));
});
canvas.addEventListener('pointerdown', (event) => { drag = { x: event.offsetX, from, until }; point(lookAt(event.offsetX, event.offsetY)); if (event.pointerType === 'mouse') canvas.setPointerCapture(event.pointerId); });
for (const end of ['pointerup', 'pointercancel']) canvas.addEventListener(end, () => { drag = null; });
canvas.addEventListener('dblclick', (event) => zoom(0.25, event.offsetX));
// The wheel zooms, unless there are more lanes than fit: then it scrolls, and zooms with Ctrl, which a pinch on a touchpad also sends.
canvas.addEventListener('wheel', (event) => {
  const isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
  if (!event.ctrlKey && !isSideways && AXIS + lanes.length * LANE > scroll.clientHeight) return;
  event.preventDefault();
  if (isSideways) move(event.deltaX / 1000); else zoom(Math.exp(Math.max(-200, Math.min(200, event.deltaY)) / 400), event.offsetX);
}, { passive: false });
scroll.addEventListener('scroll', redraw);
new ResizeObserver(redraw).observe(scroll);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
const keys = { '+': () => zoom(0.5), '=': () => zoom(0.5), '-': () => zoom(2), 0: () => show(-margin, wholeMs + margin), ArrowLeft: () => move(-0.2), ArrowRight: () => move(0.2), n: () => goToChange(1), p: () => goToChange(-1) };
document.addEventListener('keydown', (event) => { if (event.target === element('filter') || event.ctrlKey || event.metaKey) return; const act = keys[event.key]; if (act) { event.preventDefault(); act(); } });
for (const [id, key] of [['in', '+'], ['out', '-'], ['fit', 0], ['previous', 'p'], ['next', 'n']]) element(id).addEventListener('click', keys[key]);
element('filter').addEventListener('input', (event) => choose(event.target.value.trim()));
element('controls').addEventListener('submit', (event) => event.preventDefault());

const changes = all.reduce((sum, lane) => sum + Math.max(0, lane.spans.length - 1), 0);
element('summary').textContent = count === 0 ? 'No look at any Service.' : count.toLocaleString('en') + ' looks at ' + all.length + (all.length === 1 ? ' Service' : ' Services') + ', ' + changes + (changes === 1 ? ' change' : ' changes') + ' of leader, ' + isoOf(0) + ' to ' + isoOf(lastAt);
choose('');
`;
