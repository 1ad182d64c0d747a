// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { releaseSource } from "../../../../infra/engine/settings.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "corefly-settings-"));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: shop\nruntime: nodejs\n");
});
afterEach(() => rmSync(folder, { recursive: true }));

function settings(text: string): void {
  writeFileSync(join(folder, "Pulumi.dev.yaml"), text);
}

describe("releaseSource()", () => {
  it("is the project's artifactsUrl", () => {
    settings("encryptionsalt: v1:x\nconfig:\n  shop:artifactsUrl: https://x.test/r\n");
    expect(releaseSource(folder, "dev")).toEqual({ releaseUrl: "https://x.test/r" });
  });

  it.each([
    ["there are no settings", () => {}],
    ["they are empty", () => settings("")],
    ["they have no configuration", () => settings("encryptionsalt: v1:x\n")],
    ["they are of another project", () => settings("config:\n  other:artifactsUrl: http://x\n")],
    ["it is encrypted", () => settings("config:\n  shop:artifactsUrl:\n    secure: v1:x\n")],
  ])("is none when %s", (_, prepare) => {
    prepare();
    expect(releaseSource(folder, "dev")).toBeUndefined();
  });

  it("names settings that are not YAML, in one line", () => {
    settings("config: [\n");
    expect(() => releaseSource(folder, "dev")).toThrow(
      /^Cannot read settings ".*\/Pulumi\.dev\.yaml": [^\n]+$/,
    );
  });
});
