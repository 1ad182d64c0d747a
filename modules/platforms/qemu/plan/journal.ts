// SPDX-License-Identifier: Apache-2.0
// Reads the journal that a node sends over its virtio-serial port: journalctl's JSON, one object a line.

/** An entry, with the fields that say who spoke. */
export interface JournalEntry {
  readonly bootId: string;
  /** Milliseconds since the machine's kernel started. */
  readonly sinceBootMs: number;
  /** Milliseconds since the epoch, by the machine's clock. */
  readonly timeMs: number;
  readonly message: string;
  /** Who spoke: a program's name. */
  readonly identifier: string;
  /** Of the process that spoke; the kernel has none. */
  readonly pid: number | undefined;
  /** The unit that the message is from, or, of systemd's own messages, about. */
  readonly unit: string;
  /** Whether systemd itself speaks about the unit. */
  readonly fromManager: boolean;
  /** syslog(3) level; 3 is an error. */
  readonly priority: number;
  /** `failed`, `done`… when a unit's job ended. */
  readonly jobResult: string | undefined;
}

/** Reads one line; undefined for a line that was cut off (the machine lost power) or is not an entry. */
export function parseJournalLine(line: string): JournalEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const text = (name: string): string => textOf(fields[name]);
  const monotonicUs = Number(text("__MONOTONIC_TIMESTAMP"));
  const realtimeUs = Number(text("__REALTIME_TIMESTAMP"));
  const bootId = text("_BOOT_ID");
  if (!/^[0-9a-f]{32}$/.test(bootId) || !Number.isFinite(monotonicUs)) return undefined;
  const fromManager = text("_PID") === "1" && text("UNIT") !== "";
  return {
    bootId,
    sinceBootMs: monotonicUs / 1000,
    timeMs: realtimeUs / 1000,
    message: text("MESSAGE"),
    identifier: text("SYSLOG_IDENTIFIER"),
    pid: Number(text("_PID")) || undefined,
    unit: fromManager ? text("UNIT") : text("_SYSTEMD_UNIT"),
    fromManager,
    priority: Number(text("PRIORITY") || "6"),
    jobResult: text("JOB_RESULT") || undefined,
  };
}

/** journalctl writes bytes that are not UTF-8 as a list of numbers, and a field given twice as a list of texts. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return "";
  if (value.every((item): item is number => typeof item === "number")) {
    return Buffer.from(value).toString("utf8");
  }
  return textOf(value[0]);
}
