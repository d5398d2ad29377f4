/**
 * The third part: what the pointer is at, told in text that a screen reader and a phone have too, and moving through time.
 */

export const pointScript = String.raw`
/** The look under the pointer, or, between reconciles, the one whose leader stands there. */
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
/** Many reconciles on a few pixels: the one that changed something. */
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
element('summary').textContent = count === 0 ? 'No reconcile of any Service.' : count.toLocaleString('en') + ' reconciles of ' + all.length + (all.length === 1 ? ' Service' : ' Services') + ', ' + changes + (changes === 1 ? ' change' : ' changes') + ' of leader, ' + isoOf(0) + ' to ' + isoOf(lastAt);
choose('');
`;
