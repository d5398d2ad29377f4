/**
 * The style of the live page: cards that fall into as many columns as there is room for, one on a phone; light or dark as asked.
 */

export const pageStyle = `
:root { color-scheme: light dark; --ink: #1c1f24; --dim: #5d6470; --paper: #f5f6f8; --card: #fff; --line: #d9dce2; --good: #00734d; --bad: #c8102e; --warn: #9a5200; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaee; --dim: #9aa0ab; --paper: #121418; --card: #1b1e24; --line: #353941; --good: #3ecf95; --bad: #ff6b7d; --warn: #ffb054; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1200px; padding: 12px; background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: center; margin-bottom: 12px; }
h1 { font-size: 20px; margin: 0; }
h2 { font-size: 15px; margin: 20px 0 6px; }
p { margin: 0; }
#state::before { content: ''; display: inline-block; width: 9px; height: 9px; border-radius: 50%; margin-right: 6px; background: var(--warn); }
#state.live::before { background: var(--good); }
#state.cut::before { background: var(--bad); }
#summary { color: var(--dim); }
#filter { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 6px 10px; min-height: 40px; flex: 1 1 200px; max-width: 340px; margin-left: auto; }
@media (max-width: 640px) { #filter { max-width: none; margin-left: 0; flex-basis: 100%; } }
#leaders { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 10px; }
article { background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--good); border-radius: 8px; padding: 10px 12px; overflow-wrap: anywhere; }
article.trouble { border-left-color: var(--bad); }
article.attention { border-left-color: var(--warn); }
article h3 { font-size: 13px; font-weight: 500; margin: 0; color: var(--dim); }
article .leader { font-size: 19px; font-weight: 600; }
article.trouble .leader { color: var(--bad); }
article .facts { color: var(--dim); font-size: 13px; }
article .note { color: var(--warn); font-size: 13px; margin-top: 4px; }
article.changed { animation: changed 2.5s ease-out; }
@keyframes changed { from { box-shadow: 0 0 0 3px var(--warn); } to { box-shadow: 0 0 0 3px transparent; } }
@media (prefers-reduced-motion: reduce) { article.changed { animation: none; } }
#changes { list-style: none; margin: 0; padding: 0; font-size: 14px; }
#changes li { padding: 5px 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
#changes time { color: var(--dim); font-variant-numeric: tabular-nums; margin-right: 8px; }
#changes .none { color: var(--dim); }
`;
