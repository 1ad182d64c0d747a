// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import {
  type LabManifest,
  labManifestText,
  parseLabManifest,
} from "../../../../../modules/artifacts/lab/manifest.ts";

const file = (digit: string) => ({ sha512: digit.repeat(128), sizeBytes: 1 });
const manifest: LabManifest = {
  format: "corefly-lab-v1",
  rootLabel: "corefly-root",
  kernel: file("a"),
  initrd: file("b"),
  root: file("c"),
};

describe("parseLabManifest", () => {
  it("reads what labManifestText writes", () => {
    expect(parseLabManifest(labManifestText(manifest), "m")).toEqual(manifest);
  });

  const cases: ReadonlyArray<readonly [string, unknown, string]> = [
    [
      "another format",
      { ...manifest, format: "v2" },
      'found format "v2", expected "corefly-lab-v1"',
    ],
    [
      "no label",
      { ...manifest, rootLabel: "a b" },
      'found rootLabel "a b", expected a filesystem label',
    ],
    [
      "a digest like a path",
      { ...manifest, root: { sha512: "../x", sizeBytes: 1 } },
      "root has no sha512 of 128 hex digits",
    ],
    ["no size", { ...manifest, kernel: { sha512: "a".repeat(128) } }, "kernel has no size"],
    ["a list", [], 'found format undefined, expected "corefly-lab-v1"'],
  ];
  it.each(cases)("refuses %s", (_name, value, reason) => {
    expect(() => parseLabManifest(JSON.stringify(value), "m")).toThrow(
      `Cannot read lab image manifest "m": ${reason}`,
    );
  });

  it("refuses what is not JSON", () => {
    expect(() => parseLabManifest("{", "m")).toThrow(/it is not JSON/);
  });
});
