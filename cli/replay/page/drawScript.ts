/**
 * The second part: drawing. One canvas as large as the window; only the lanes and the time in view are drawn, and of many marks on one pixel
 * one, so that 100,000 reconciles move smoothly.
 */

export const drawScript = `
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

`;
