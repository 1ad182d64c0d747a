// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import type { JournalEntry } from "../../../../../modules/platforms/qemu/plan/journal.ts";
import { NO_FAILURES, watchFailures } from "../../../../../modules/provider/ready/failures.ts";

function entry(unit: string, message: string, fields: Partial<JournalEntry> = {}): JournalEntry {
  return {
    bootId: "1".repeat(32),
    sinceBootMs: 0,
    timeMs: 0,
    message,
    identifier: "",
    unit,
    fromManager: false,
    pid: undefined,
    priority: 6,
    jobResult: undefined,
    ...fields,
  };
}

const said = (unit: string, message: string) => entry(unit, message);
const manager = (unit: string, message: string) => entry(unit, message, { fromManager: true });
const failed = (unit: string) => manager(unit, `${unit}: Failed with result 'exit-code'.`);
const failureOf = (entries: readonly JournalEntry[]) =>
  entries.reduce((watch, each) => watchFailures(watch, each, 0), NO_FAILURES).failure;

describe("watchFailures", () => {
  it("ends the wait at once when an image is not trusted", () => {
    const reason =
      'run: Cannot verify image "corefly.dev/kubernetes": the signature was made by a key that is not trusted for this name';
    expect(failureOf([said("kubelet.service", reason), failed("kubelet.service")])).toEqual({
      unit: "kubelet.service",
      reason,
    });
  });

  it("lets a unit that is restarted try again", () => {
    const entries = [
      said("kubelet.service", "run: Cannot fetch http://10.0.2.2:1/x: connection refused"),
      failed("kubelet.service"),
    ];
    expect(failureOf(entries)).toBeUndefined();
  });

  it("gives up when it fails again and again with the same words but for numbers", () => {
    const tries = Array.from({ length: 5 }, (_, index) => [
      said("kubelet.service", `E1125 01:0${index}:00 ${index}99 run.go] failed to load config`),
      failed("kubelet.service"),
    ]).flat();
    expect(failureOf(tries)?.reason).toContain("failed to load config");
    expect(failureOf(tries.slice(0, 8))).toBeUndefined();
  });

  it("waits with the addons for an API server that is slow, but not for a manifest to become right", () => {
    const tries = (line: string) =>
      Array.from({ length: 30 }, () => [
        said("corefly-addons.service", line),
        failed("corefly-addons.service"),
      ]).flat();
    expect(
      failureOf(
        tries('error: Get "https://127.0.0.1:6443/openapi/v2": net/http: TLS handshake timeout'),
      ),
    ).toBeUndefined();
    expect(failureOf(tries('error: unknown field "spec.replicaz" in manifest-0.yaml'))?.unit).toBe(
      "corefly-addons.service",
    );
  });

  it("gives up on a unit that is not restarted", () => {
    const entries = [
      said("corefly-install.service", "tar: /opt/corefly/node.tar: Cannot open"),
      failed("corefly-install.service"),
    ];
    expect(failureOf(entries)).toEqual({
      unit: "corefly-install.service",
      reason: "tar: /opt/corefly/node.tar: Cannot open",
    });
  });

  it("does not count what failed before the wait and is tried again", () => {
    const entries = [
      said("kubelet.service", "run: Cannot verify image"),
      failed("kubelet.service"),
      said("corefly-install.service", "tar: x"),
      failed("corefly-install.service"),
    ];
    const watch = entries.reduce((known, each) => watchFailures(known, each, 1), NO_FAILURES);
    expect(watch.failure?.unit).toBe("corefly-install.service");
  });

  it("does not care for units that a cluster does not need", () => {
    expect(failureOf([failed("e2scrub.service")])).toBeUndefined();
  });

  it("forgets what was before a reboot", () => {
    const entries = [
      said("corefly-install.service", "tar: x"),
      failed("corefly-install.service"),
      { ...said("kubelet.service", "hello"), bootId: "2".repeat(32) },
    ];
    expect(failureOf(entries)).toBeUndefined();
  });
});
