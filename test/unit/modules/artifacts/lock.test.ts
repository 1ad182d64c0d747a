// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { lockedArtifact, lockOf } from "../../../../modules/artifacts/lock.ts";
import { reproducibility } from "../../../../modules/artifacts/reproducibility.ts";
import { artifacts, isArtifactName } from "../../../../modules/artifacts/table.ts";
import { RUNTIME_FOLDER } from "../../../../modules/artifacts/version.ts";
import { recipeDigest } from "../../../../modules/provider/build/recipe-digest.ts";

const names = Object.keys(artifacts).filter(isArtifactName);
const lockable = names.filter((name) => reproducibility(name) !== "none");

describe("lockOf()", () => {
  it("has exactly what can be locked, on amd64", () => {
    expect(Object.keys(lockOf("amd64")).sort()).toEqual([...lockable].sort());
  });

  it("has nothing where nobody has built", () => {
    expect(lockOf("arm64")).toEqual({});
  });

  it.each(lockable)("is of the current recipe of %s", async (name) => {
    const recipe = await recipeDigest(name, {
      architecture: "amd64",
      runtimeFolder: RUNTIME_FOLDER,
    });
    const entry = lockOf("amd64")[name];
    expect(entry?.recipe).toBe(recipe);
    expect(entry?.sha512).toMatch(/^[0-9a-f]{128}$/);
    expect(entry?.sizeBytes).toBeGreaterThan(0);
    expect(entry?.debian === undefined).toBe(reproducibility(name) === "exact");
  });
});

describe("lockedArtifact()", () => {
  it("tells digest and size of what is reproducible", () => {
    const entry = lockOf("amd64")["etcd"];
    expect(lockedArtifact("etcd", "amd64")).toEqual({
      sha512: entry?.sha512,
      sizeBytes: entry?.sizeBytes,
    });
  });

  it.each(["node-tools", "kubernetes-aci", "runtime", "ignition"] as const)(
    "tells nothing of %s, which follows Debian, the C compiler or our sources",
    (name) => {
      expect(lockedArtifact(name, "amd64")).toBeUndefined();
    },
  );

  it("tells nothing where there is no lock", () => {
    expect(lockedArtifact("etcd", "arm64")).toBeUndefined();
  });
});

describe("reproducibility()", () => {
  it("is that of the weakest part of an image", () => {
    expect(reproducibility("etcd-oci")).toBe("exact");
    expect(reproducibility("kubernetes-aci")).toBe("as-debian");
    expect(reproducibility("ignition")).toBe("none");
    expect(reproducibility("node")).toBe("exact");
  });
});
