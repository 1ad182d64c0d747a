// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { CONFIGURED_STAMP } from "../../../../../modules/artifacts/lab/files.ts";
import { labRecipe, recipeId } from "../../../../../modules/artifacts/lab/recipe.ts";
import { artifacts } from "../../../../../modules/artifacts/table.ts";

const recipe = labRecipe("amd64");
const text = (path: string) =>
  [...recipe.initramfsFiles, ...recipe.files].find((file) => file.path.endsWith(path))?.content ??
  "";

describe("labRecipe", () => {
  it("has nothing of a container runtime in it", () => {
    const forbidden = /crun|conmon|runc|containerd|docker|podman|nodejs|containernetworking/;
    expect(recipe.packages.filter((name) => forbidden.test(name))).toEqual([]);
  });

  it("takes the Ignition of the artefact table", () => {
    expect(`v${recipe.ignitionVersion}`).toBe(artifacts.ignition.version);
  });

  it("removes the machine's identity, so that the first boot is known as one", () => {
    expect(recipe.removed).toEqual(
      expect.arrayContaining(["/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostname"]),
    );
  });

  it("stamps the root filesystem only after what Ignition wrote is on the disk", () => {
    const lines = text("lab-stamp.service")
      .split("\n")
      .filter((line) => line.startsWith("ExecStart="));
    expect(lines.slice(-3)).toEqual([
      "ExecStart=/usr/bin/sync",
      `ExecStart=/usr/bin/touch /sysroot${CONFIGURED_STAMP}`,
      "ExecStart=/usr/bin/sync",
    ]);
  });

  it("keeps every stage of Ignition from running again", () => {
    for (const stage of ["fetch-offline", "fetch", "kargs", "disks", "mount", "files"]) {
      expect(text("module-setup.sh")).toMatch(new RegExp(`for unit in .*\\b${stage}\\b`));
      expect(text("lab-first-boot.service")).toContain(`ignition-${stage}.service`);
    }
    expect(text("once.conf")).toContain("ConditionPathExists=!/run/corefly-lab/configured\n");
  });
});

describe("recipeId", () => {
  it("is the same for the same recipe and another for any change", () => {
    expect(recipeId(labRecipe("amd64"))).toBe(recipeId(recipe));
    expect(recipeId({ ...recipe, packages: [...recipe.packages, "less"] })).not.toBe(
      recipeId(recipe),
    );
    expect(recipeId(recipe)).toMatch(/^[0-9a-f]{64}$/);
  });
});
