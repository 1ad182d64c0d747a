// SPDX-License-Identifier: Apache-2.0
// Durations as Go programs read and print them: "1h30m", "500ms", "0s".
import { UsageError } from "../errors.ts";

const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds. Throws UsageError that names the flag. */
export function parseDuration(text: string, flag: string): number {
  if (text === "0") {
    return 0;
  }
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) {
    throw new UsageError(
      `Cannot use flag "--${flag}": "${text}" is not a duration like 30m or 1h30m`,
    );
  }
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)].reduce(
    (sum, [, number = "", unit = ""]) => sum + Number(number) * (UNITS_MS[unit] ?? 0),
    0,
  );
}

/** As Go's time.Duration prints whole seconds: `30m0s`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  const rest = `${seconds % 60}s`;
  if (hours > 0) {
    return `${hours}h${minutes}m${rest}`;
  }
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}
