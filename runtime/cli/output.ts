// SPDX-License-Identifier: Apache-2.0
// What verbs print: synchronous, because `run` replaces this process and what waits in a buffer then would be lost.
import { isIPv6 } from "node:net";
import type { NetworkView } from "../pod/view.ts";
import { errnoOf } from "../system/kernel.ts";
import type { System } from "../system/system.ts";

/** Writes all of it before it returns; a reader that went away is no error (`corefly list | head -1`). */
export function writeOutput(system: System, fd: 1 | 2, text: string): void {
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(system.files.writeSync(fd, bytes));
    } catch (cause) {
      const errno = errnoOf(cause);
      if (errno === "EPIPE") {
        return;
      }
      if (errno !== "EAGAIN") {
        throw cause;
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** Columns as rkt prints them: cells of a column are padded with tabs to the same tab stop, the last one is not padded. */
export function table(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const stops = Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...rows.map((row) => tabStop(row[column] ?? ""))),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === row.length - 1 ? cell : cell + "\t".repeat(tabsTo(cell, stops[column] ?? 0)),
        )
        .join(""),
    )
    .map((line) => `${line}\n`)
    .join("");
}

const TAB = 8;

/** Width up to the tab stop after a cell and at least one blank. */
function tabStop(cell: string): number {
  return (Math.floor(cell.length / TAB) + 1) * TAB;
}

function tabsTo(cell: string, stop: number): number {
  return Math.ceil((stop - cell.length) / TAB);
}

/** `2 minutes ago`, as rkt's list says it. */
export function ago(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 1) {
    return "now";
  }
  const units: readonly (readonly [string, number])[] = [
    ["year", 31_536_000],
    ["month", 2_592_000],
    ["week", 604_800],
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
  ];
  const [unit, size] = units.find(([, length]) => seconds >= length) ?? ["second", 1];
  const count = Math.floor(seconds / size);
  return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
}

/** `2026-10-02 09:11:12.345 +0000 UTC`, trailing zeros of the milliseconds dropped. */
export function formatTime(milliseconds: number): string {
  const [date = "", rest = ""] = new Date(milliseconds).toISOString().split("T");
  const [time = "", fraction = ""] = rest.replace("Z", "").split(".");
  const digits = fraction.replace(/0+$/, "");
  return `${date} ${time}${digits === "" ? "" : `.${digits}`} +0000 UTC`;
}

/** `default:ip4=10.2.0.7, default:ip6=fd00::7`, as rkt writes a pod's networks, with the family that an address is of. */
export function formatNetworks(networks: readonly NetworkView[]): string {
  return networks.map(({ name, ip }) => `${name}:${isIPv6(ip) ? "ip6" : "ip4"}=${ip}`).join(", ");
}
