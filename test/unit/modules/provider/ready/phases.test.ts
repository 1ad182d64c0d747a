// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import type { JournalEntry } from "../../../../../modules/platforms/qemu/plan/journal.ts";
import {
  advance,
  currentPhase,
  endPhase,
  NO_PROGRESS,
  phaseSeconds,
} from "../../../../../modules/provider/ready/phases.ts";

const BOOT = 1_000_000;

function entry(seconds: number, fields: Partial<JournalEntry>): JournalEntry {
  return {
    bootId: "1".repeat(32),
    sinceBootMs: seconds * 1000,
    timeMs: BOOT + seconds * 1000,
    message: "",
    identifier: "systemd",
    unit: "",
    fromManager: false,
    pid: undefined,
    priority: 6,
    jobResult: undefined,
    ...fields,
  };
}

const klog = (message: string) => ({
  unit: "kubelet.service",
  identifier: "corefly",
  message: `I1125 01:20:00.000000    1234 server.go:1] ${message}`,
});

const START: readonly JournalEntry[] = [
  entry(0, { identifier: "kernel", message: "Linux version 6.1" }),
  entry(6, { identifier: "ignition", message: "Stage: fetch-offline" }),
  entry(7, { identifier: "ignition", message: "Ignition finished successfully" }),
  entry(9, { identifier: "ignition", message: "INFO     : Ignition finished successfully" }),
  entry(12, {
    fromManager: true,
    unit: "corefly-install.service",
    message: "Starting corefly-install.service - Install the corefly runtime...",
  }),
  entry(20, {
    fromManager: true,
    unit: "corefly-install.service",
    message: "Finished corefly-install.service - Install the corefly runtime.",
    jobResult: "done",
  }),
  entry(21, { unit: "kubelet.service", identifier: "corefly", message: "downloading image" }),
  entry(40, klog('"Kubelet version"')),
  entry(45, klog('"Started kubelet"')),
];

describe("advance", () => {
  it("finds each phase's end", () => {
    const progress = START.reduce(advance, NO_PROGRESS);
    expect(progress.ended).toEqual({
      kernel: 6_000,
      Ignition: 9_000,
      runtime: 20_000,
      images: 40_000,
      kubelet: 45_000,
    });
    expect(currentPhase(progress)).toBe("API server");
    expect(progress.bootedAtMs).toBe(BOOT);
  });

  it("starts anew with another boot, which has no Ignition", () => {
    const again = { bootId: "2".repeat(32) };
    const progress = [
      ...START,
      entry(20, {
        ...again,
        fromManager: true,
        unit: "corefly-install.service",
        message: "Finished corefly-install.service - Install.",
        jobResult: "done",
      }),
    ].reduce(advance, NO_PROGRESS);
    expect(progress.ended).toEqual({ runtime: 20_000 });
    expect(currentPhase(progress)).toBe("images");
  });

  it("knows which units are being started", () => {
    const starting = entry(50, {
      fromManager: true,
      unit: "corefly-addons.service",
      message: "Starting corefly-addons.service - Apply the cluster's addons...",
    });
    const progress = [...START, starting].reduce(advance, NO_PROGRESS);
    expect(progress.starting).toEqual(["corefly-addons.service"]);
    const finished = {
      ...starting,
      message: "Finished corefly-addons.service.",
      jobResult: "done",
    };
    expect(advance(progress, finished).starting).toEqual([]);
  });
});

describe("phaseSeconds", () => {
  it("says how long each phase took, the firmware included", () => {
    const progress = [
      ["API server", BOOT + 70_000],
      ["Ready", BOOT + 100_000],
    ].reduce(
      (known, [phase, now]) =>
        endPhase(known, phase === "Ready" ? "Ready" : "API server", Number(now)),
      START.reduce(advance, NO_PROGRESS),
    );
    expect(phaseSeconds(progress, BOOT - 2_500)).toEqual([
      ["firmware", 2.5],
      ["kernel", 6],
      ["Ignition", 3],
      ["runtime", 11],
      ["images", 20],
      ["kubelet", 5],
      ["API server", 25],
      ["Ready", 30],
    ]);
  });
});
