// SPDX-License-Identifier: Apache-2.0
// How the report looks: from a phone's width up, light and dark, with forced colours and on paper. No text is smaller
// than 13 pixels.

export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #faf9f6; --ink: #1c2530; --soft: #56606d; --rule: #d8dbe0;
  --bar: #2b5c8c; --bar-ground: #dbe6f1; --look: #a8371a; --look-ground: #f6ddd3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #13171d; --ink: #e9edf2; --soft: #a7b1bd; --rule: #2e3742;
    --bar: #86b6e6; --bar-ground: #20344a; --look: #ff9d78; --look-ground: #4a2a1e;
  }
}
@media (forced-colors: active) {
  :root {
    --paper: Canvas; --ink: CanvasText; --soft: CanvasText; --rule: GrayText;
    --bar: CanvasText; --bar-ground: Canvas; --look: CanvasText; --look-ground: Canvas;
  }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --ink: #000; --soft: #333; --rule: #bbb;
    --bar: #000; --bar-ground: #fff; --look: #000; --look-ground: #fff;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 68rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.45 system-ui, -apple-system, "Segoe UI", "Liberation Sans", "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
h1, h2, h3, p, ol, ul { margin: 0; padding: 0; }
ol, ul { list-style: none; }
h1 { font-size: clamp(1.75rem, 1.2rem + 2.6vw, 2.75rem); line-height: 1.1; letter-spacing: -0.02em; text-wrap: balance; }
h2 { font-size: 1.25rem; line-height: 1.25; }
h3 { font-size: 1rem; margin: 2rem 0 0.5rem; }
.over { color: var(--soft); font-size: 0.875rem; margin-bottom: 0.375rem; }
.lead { color: var(--soft); margin-top: 0.625rem; max-width: 44rem; }
.lead strong { color: var(--ink); }
.node { margin-top: 2.25rem; padding-top: 1.25rem; border-top: 2px solid var(--ink); }
.facts { color: var(--soft); font-size: 0.875rem; margin: 0.25rem 0 1rem; }
.definitions { position: absolute; }
.row { display: grid; grid-template-columns: 1fr auto; column-gap: 1rem; row-gap: 0.25rem; }
.row > .chart { grid-column: 1 / -1; }
.phase { border-top: 1px solid var(--rule); break-inside: avoid; }
.name { font-weight: 650; }
.time { text-align: right; font-weight: 650; white-space: nowrap; }
.time small { display: inline-block; min-width: 2.75rem; font-weight: 400; }
small, .about { font-size: 0.8125rem; color: var(--soft); }
.about { display: block; font-weight: 400; line-height: 1.3; }
.tag {
  display: inline-block; margin-left: 0.5rem; padding: 0 0.375rem; border: 1px solid var(--look);
  border-radius: 0.1875rem; color: var(--look); font-size: 0.8125rem; line-height: 1.25rem;
}
.row { padding: 0.5rem 0 0.625rem; }
.axis-row { padding: 0; }
.parts .row { padding: 0.1875rem 0 0.375rem; }
.phase .parts { padding-bottom: 0.375rem; }
.parts .name { font-weight: 400; }
.parts .name, .reason { font-family: ui-monospace, "SF Mono", "Liberation Mono", "DejaVu Sans Mono", monospace; font-size: 0.8125rem; }
.parts .name { padding-left: 0.75rem; }
.parts .time { font-weight: 400; font-size: 0.8125rem; }
.trouble { padding: 0.5rem 0; border-top: 1px solid var(--rule); }
.reason { display: block; color: var(--soft); }
.chart { display: block; overflow: visible; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.axis text { fill: var(--soft); font-size: 13px; }
.axis-row .name, .axis-row .time { display: none; }
.grid { stroke: var(--rule); stroke-width: 1; }
.bar { stroke: var(--bar); stroke-width: 1.5; }
.bar.stressed { stroke: var(--look); }
.ground { fill: var(--bar-ground); }
.solid, .dot { fill: var(--bar); }
.mark { stroke: var(--bar); stroke-width: 1.75; fill: none; }
.mark.thin { stroke-width: 1; }
.stressed .ground { fill: var(--look-ground); }
.stressed .solid, .stressed .dot { fill: var(--look); }
.stressed .mark { stroke: var(--look); }
footer { margin-top: 2.5rem; padding-top: 0.75rem; border-top: 1px solid var(--rule); color: var(--soft); font-size: 0.8125rem; }
@media (min-width: 48rem) {
  body { padding: 2.5rem 2rem 4rem; }
  .row { grid-template-columns: 17rem minmax(0, 1fr) 9.5rem; column-gap: 1.5rem; align-items: center; }
  .row, .parts .row { padding: 0; }
  .row > .chart { grid-column: 2; grid-row: 1; align-self: stretch; height: 100%; }
  .row > .time { grid-column: 3; grid-row: 1; }
  .row > .name { grid-column: 1; grid-row: 1; padding: 0.5rem 0; }
  .parts .row > .name { padding: 0.1875rem 0 0.1875rem 0.75rem; }
  .row.axis-row > .name { padding: 0; }
  .axis-row .name, .axis-row .time { display: block; }
}
@media print {
  body { padding: 0; max-width: none; font-size: 11pt; }
}
`;
