// SPDX-License-Identifier: Apache-2.0
// Bars on one axis of time, as SVG. Places are per cents of the width and heights are pixels, so that a chart is as wide as
// what it stands in, and neither text nor patterns are ever scaled.

import { escapeHtml } from "./text.ts";
import type { PhaseName, Stretch } from "./timeline.ts";

/** What a bar is filled with: the phases' patterns differ also without colours. */
export type Fill = PhaseName | "transfer";

export interface Bar {
  readonly stretches: readonly Stretch[];
  readonly fill: Fill;
  /** Drawn in the colour that says: look here first. */
  readonly stressed: boolean;
  readonly heightPx: number;
  /** What it shows, for those who do not see it. */
  readonly label: string;
}

const SIZE = 8;

/** Drawn on a pale ground, in a tile of 8 × 8 pixels. */
const MARKS: Readonly<Record<Fill, string>> = {
  firmware: "",
  kernel: `<rect class="solid" width="${SIZE}" height="${SIZE}"/>`,
  Ignition: '<path class="mark" d="M-2 2 2 -2M0 8 8 0M6 10 10 6"/>',
  runtime: '<path class="mark" d="M0 2h8M0 6h8"/>',
  images: '<circle class="dot" cx="2" cy="2" r="1.4"/><circle class="dot" cx="6" cy="6" r="1.4"/>',
  kubelet: '<path class="mark" d="M-2 6 2 10M0 0 8 8M6 -2 10 2"/>',
  "API server": '<path class="mark" d="M0 8 8 0M0 0 8 8"/>',
  Ready: '<path class="mark" d="M2 0v8M6 0v8"/>',
  transfer: '<path class="mark thin" d="M0 4h8"/>',
};

/** Definitions that bars refer to; once a document. */
export function patterns(): string {
  const tiles = Object.entries(MARKS).flatMap(([fill, marks]) =>
    [false, true].map(
      (stressed) =>
        `<pattern id="${patternId(fill, stressed)}"${stressed ? ' class="stressed"' : ""} width="${SIZE}" height="${SIZE}" patternUnits="userSpaceOnUse"><rect class="ground" width="${SIZE}" height="${SIZE}"/>${marks}</pattern>`,
    ),
  );
  return `<svg class="definitions" width="0" height="0" aria-hidden="true"><defs>${tiles.join("")}</defs></svg>`;
}

/** One row of the chart, on the lines of the axis. */
export function barChart(bar: Bar, totalMs: number): string {
  const { stretches, heightPx, stressed } = bar;
  const lines = ticks(totalMs).map((tick) => {
    const x = percent(tick, totalMs);
    return `<line class="grid" x1="${x}" x2="${x}" y1="0" y2="100%"/>`;
  });
  const rectangles = stretches.map(
    ({ startMs, endMs }) =>
      `<rect class="${stressed ? "bar stressed" : "bar"}" x="${percent(startMs, totalMs)}" y="50%" width="${percent(endMs - startMs, totalMs)}" height="${heightPx - 2}" transform="translate(0 ${1 - heightPx / 2})" fill="url(#${patternId(bar.fill, stressed)})"/>`,
  );
  return `<svg class="chart" width="100%" height="${heightPx}" role="img" aria-label="${escapeHtml(bar.label)}">${lines.join("")}${rectangles.join("")}</svg>`;
}

/** The axis above the bars. */
export function axis(totalMs: number): string {
  const labels = ticks(totalMs).map((tick) => {
    const anchor = tick === 0 ? "start" : tick > totalMs * 0.97 ? "end" : "middle";
    return `<text x="${percent(tick, totalMs)}" y="12" text-anchor="${anchor}">${tick / 1000} s</text>`;
  });
  return `<svg class="chart axis" width="100%" height="16" aria-hidden="true">${labels.join("")}</svg>`;
}

const STEPS_S = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600];
const MAX_TICKS = 5;

/** Whole seconds, few enough that their labels stand apart on a phone. */
export function ticks(totalMs: number): readonly number[] {
  const step = STEPS_S.find((each) => totalMs / (each * 1000) <= MAX_TICKS) ?? 7200;
  const count = Math.min(MAX_TICKS, Math.floor(totalMs / (step * 1000)));
  return Array.from({ length: count + 1 }, (_, index) => index * step * 1000);
}

function percent(ms: number, totalMs: number): string {
  const value = totalMs <= 0 ? 0 : (100 * ms) / totalMs;
  return `${Math.round(Math.min(100, Math.max(0, value)) * 1000) / 1000}%`;
}

function patternId(fill: string, stressed: boolean): string {
  return `fill-${fill.toLowerCase().replaceAll(" ", "-")}${stressed ? "-stressed" : ""}`;
}
