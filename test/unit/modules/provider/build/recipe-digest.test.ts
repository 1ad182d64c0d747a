// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { recipeDigest } from "../../../../../modules/provider/build/recipe-digest.ts";

const context = { architecture: "amd64", runtimeFolder: "/opt/corefly/0.1.0" } as const;
const elsewhere = { ...context, runtimeFolder: "/scratch" };
const arm = { ...context, architecture: "arm64" } as const;

describe("recipeDigest()", () => {
  it("is the same each time", async () => {
    expect(await recipeDigest("etcd", context)).toMatch(/^[0-9a-f]{32}$/);
    expect(await recipeDigest("etcd", context)).toBe(await recipeDigest("etcd", context));
  });

  it.each(["etcd", "node", "etcd-oci", "kubernetes-aci"] as const)(
    "of %s differs between architectures",
    async (name) => {
      expect(await recipeDigest(name, context)).not.toBe(await recipeDigest(name, arm));
    },
  );

  it.each([
    ["node", true],
    ["node-tools", true],
    ["kubernetes-tools", false],
    ["etcd", false],
    ["kubernetes-aci", false],
  ] as const)("of %s follows the runtime's folder: %s", async (name, follows) => {
    const same = (await recipeDigest(name, context)) === (await recipeDigest(name, elsewhere));
    expect(same).toBe(!follows);
  });
});
