/**
 * The style of the page of `replay --html`: light or dark as the browser asks, and usable at the width of a phone.
 */

export const htmlStyle = `
:root { color-scheme: light dark; --ink: #1c1f24; --dim: #667; --paper: #fff; --line: #d9dce2; --band: #f5f6f8; --bad: #c8102e; --warn: #b35c00; --odd: #b0008e; --mark: #1c1f24; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaee; --dim: #9aa0ab; --paper: #15171b; --line: #353941; --band: #1d2026; --bad: #ff5c70; --warn: #ffa34d; --odd: #ff6fe0; --mark: #fff; } }
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; }
body { display: flex; flex-direction: column; background: var(--paper); color: var(--ink); font: 14px/1.4 system-ui, sans-serif; }
header { padding: 10px 14px 6px; display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: baseline; border-bottom: 1px solid var(--line); }
h1 { font-size: 16px; margin: 0; }
#summary { margin: 0; color: var(--dim); }
#controls { display: flex; gap: 6px; flex-wrap: wrap; }
button, input { font: inherit; color: inherit; background: var(--band); border: 1px solid var(--line); border-radius: 6px; padding: 4px 10px; min-height: 32px; }
button:hover { border-color: var(--dim); }
#filter { width: 150px; }
#legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 0; padding: 0; color: var(--dim); font-size: 12px; width: 100%; }
#legend i { display: inline-block; width: 14px; height: 9px; margin-right: 5px; border-radius: 2px; }
#legend .led { background: linear-gradient(90deg, #0072b2 50%, #009e73 50%); }
#legend .nobody { background: repeating-linear-gradient(135deg, var(--bad) 0 2px, transparent 2px 5px); }
#legend .elected { width: 9px; height: 9px; clip-path: polygon(0 0, 100% 0, 50% 100%); background: var(--mark); }
#legend .trouble { width: 3px; background: var(--bad); }
#legend .differs { width: 9px; height: 9px; transform: rotate(45deg); background: var(--odd); }
#scroll { flex: 1; overflow-x: hidden; overflow-y: auto; position: relative; min-height: 120px; outline-offset: -2px; }
#lanes { position: sticky; top: 0; display: block; cursor: crosshair; touch-action: pan-y; }
#tip { min-height: 7.4em; padding: 8px 14px; border-top: 1px solid var(--line); background: var(--band); white-space: pre-wrap; font-size: 13px; }
#tip b { font-weight: 600; }
`;
