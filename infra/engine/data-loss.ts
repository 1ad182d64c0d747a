// SPDX-License-Identifier: Apache-2.0
// Warns of a preview in which a disk with data would go. Pulumi asks providers nothing about what is only deleted, so this is seen
// in the engine's own log of events.

import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environment } from "./pulumi-cli.ts";

export interface EventLog {
  /** For the command, so that it writes the log. */
  readonly args: readonly string[];
  readonly environment: Environment;
  /** A warning for each disk with data that would go. */
  warnings(): readonly string[];
  /** Removes the log. */
  close(): void;
}

/** A log for one preview. */
export function openEventLog(): EventLog {
  // States have secrets, encrypted, but a log of them is nobody else's business.
  const folder = mkdtempSync(join(tmpdir(), "corefly-events-"));
  const path = join(folder, "events.json");
  return {
    args: ["--event-log", path],
    // The option is one of those that Pulumi offers only to people who look into it.
    environment: { PULUMI_DEBUG_COMMANDS: "true" },
    warnings: () => lostDisks(readLines(path)).flatMap(warningOf),
    close: () => rmSync(folder, { recursive: true }),
  };
}

export interface LostDisk {
  readonly name: string;
  readonly path: string;
}

/** Disks that a preview's events delete; each event is a line of JSON. */
export function lostDisks(lines: readonly string[]): readonly LostDisk[] {
  return lines.flatMap((line) => {
    const metadata = ["resourcePreEvent", "metadata"].reduce(memberOf, JSON.parse(line));
    const [op, type, urn] = ["op", "type", "urn"].map((name) => memberOf(metadata, name));
    const path = ["old", "outputs", "path"].reduce(memberOf, metadata);
    const goes = op === "delete" || op === "delete-replaced";
    if (!goes || type !== "corefly:index:Disk" || typeof path !== "string") return [];
    return [{ name: String(urn).split("::").slice(3).join("::"), path }];
  });
}

function warningOf({ name, path }: LostDisk): readonly string[] {
  const usedBytes = (statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
  const used = Math.ceil(usedBytes / 2 ** 20);
  return used > 0 ? [`Warning: disk "${name}" would be deleted with its ${used} MiB of data`] : [];
}

/** A command that failed early has written nothing. */
function readLines(path: string): readonly string[] {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return [];
  return readFileSync(path, "utf8").split("\n").filter(Boolean);
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name);
}
