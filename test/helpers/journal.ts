// SPDX-License-Identifier: Apache-2.0
// Writes journals as nodes send them, for tests of what reads them.
import { type JournalEntry, parseJournalLine } from "../../modules/platforms/qemu/plan/journal.ts";

/** When the kernels of the tests' nodes started. */
export const KERNEL_AT_MS = Date.parse("2026-11-25T01:20:00Z");

const BOOT = "d6af35d9a292454fbc9c8294033d546d";

/** The lines of one start. */
export class JournalWriter {
  readonly lines: string[] = [];
  readonly #boot: string;

  constructor(boot = BOOT) {
    this.#boot = boot;
  }

  /** Any entry, `seconds` after the kernel started. */
  say(seconds: number, fields: Readonly<Record<string, unknown>>): this {
    this.lines.push(
      JSON.stringify({
        __REALTIME_TIMESTAMP: String(Math.round((KERNEL_AT_MS + seconds * 1000) * 1000)),
        __MONOTONIC_TIMESTAMP: String(Math.round(seconds * 1_000_000)),
        _BOOT_ID: this.#boot,
        PRIORITY: "6",
        ...fields,
      }),
    );
    return this;
  }

  /** systemd about a unit: `Starting`, `Finished`… */
  unit(seconds: number, word: string, unit: string, jobResult?: string): this {
    return this.say(seconds, {
      _PID: "1",
      SYSLOG_IDENTIFIER: "systemd",
      UNIT: unit,
      MESSAGE: `${word} ${unit} - What it is for.`,
      ...(jobResult === undefined ? {} : { JOB_RESULT: jobResult }),
    });
  }

  /** A unit's own words. */
  from(seconds: number, unit: string, message: string, identifier = "corefly"): this {
    return this.say(seconds, {
      _PID: "812",
      SYSLOG_IDENTIFIER: identifier,
      _SYSTEMD_UNIT: unit,
      MESSAGE: message,
    });
  }

  kubelet(seconds: number, message: string): this {
    return this.from(
      seconds,
      "kubelet.service",
      `I1125 01:21:00.000000     812 x.go:1] ${message}`,
    );
  }

  ignition(seconds: number, message: string): this {
    return this.from(seconds, "ignition-files.service", message, "ignition");
  }

  get entries(): readonly JournalEntry[] {
    return this.lines.flatMap((line) => parseJournalLine(line) ?? []);
  }
}

/** A start up to where the kubelet has started, as a node journals it. */
export function startOfNode(journal = new JournalWriter()): JournalWriter {
  return journal
    .say(0, { SYSLOG_IDENTIFIER: "kernel", MESSAGE: "Linux version 6.1" })
    .unit(2, "Starting", "systemd-udevd.service")
    .unit(4.5, "Started", "systemd-udevd.service", "done")
    .ignition(6, "Stage: fetch-offline")
    .ignition(7, 'files: createFiles: op(3): [started]  writing file "/sysroot/opt/node.tar"')
    .ignition(10, 'files: createFiles: op(3): [finished] writing file "/sysroot/opt/node.tar"')
    .ignition(11, "INFO     : Ignition finished successfully")
    .unit(12, "Starting", "corefly-install.service")
    .unit(20, "Finished", "corefly-install.service", "done")
    .from(21, "kubelet.service", 'image: fetching "http://10.0.2.2:1/aci/kubernetes.aci" (161 MB)')
    .kubelet(40, '"Kubelet version"')
    .kubelet(45, '"Started kubelet"');
}

/** Go's way of writing a time, as the kubelet logs it. */
export function goTime(seconds: number): string {
  const time = new Date(KERNEL_AT_MS + seconds * 1000).toISOString();
  return `${time.replace("T", " ").replace("Z", "000000")} +0000 UTC m=+${seconds}`;
}
