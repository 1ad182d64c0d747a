// SPDX-License-Identifier: Apache-2.0
// `make bench` works, and what it says of memory stays within the limits. Times are for quiet machines, so not asserted here.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it } from "@jest/globals";

const root = resolve(import.meta.dirname, "../..");
const long = process.env["COREFLY_LONG"] === "1";

const RATIOS = [
  "pod-from-scratch",
  "run-pod-sandbox",
  "create-container",
  "start-container",
  "pod-away-again",
  "pods-at-once",
  "lists-p50",
  "lists-p99",
  "server-rss",
  "monitor-pss",
  "monitor-pss-of-many",
];

it("compares ours with containerd, and memory is within the limits", () => {
  const json = join(tmpdir(), `bench-${process.pid}.json`);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      join(root, "test/bench/main.ts"),
      `--pods=${long ? 50 : 3}`,
      `--at-once=${long ? 20 : 4}`,
      `--calls=${long ? 10_000 : 2000}`,
      `--json=${json}`,
      ...(long ? ["--check"] : []),
    ],
    { encoding: "utf8" },
  );
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  const last = stdout.trimEnd().split("\n").slice(-RATIOS.length);
  expect(last).toEqual(
    RATIOS.map((name) => expect.stringMatching(new RegExp(`^ratio ${name} \\d+\\.\\d\\d$`))),
  );
  expect(stdout).toMatch(/^ {2}RunPodSandbox: files [\d.]+, namespaces [\d.]+, network [\d.]+/m);
  const { corefly } = JSON.parse(readFileSync(json, "utf8")) as {
    readonly corefly: {
      readonly lives: readonly object[];
      readonly serverRss: number;
      readonly monitorPss: { readonly one: number };
    };
  };
  rmSync(json);
  expect(corefly.lives).toHaveLength(long ? 50 : 3);
  expect(corefly.serverRss).toBeLessThanOrEqual(120);
  expect(corefly.monitorPss.one).toBeLessThanOrEqual(2);
}, 600_000);
