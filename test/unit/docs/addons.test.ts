// SPDX-License-Identifier: Apache-2.0
// The page that says which kinds are deleted from a cluster names those that are.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { planAddons } from "../../../modules/cluster/plan/addons/addon-set.ts";
import { planCluster } from "../../../modules/cluster/plan/cluster-plan.ts";

const page = "docs/decisions/001-addons-pruned-by-set.md";

describe(page, () => {
  it("names the kinds that are deleted, in their order", () => {
    const text = readFileSync(resolve(import.meta.dirname, "../../..", page), "utf8");
    const [, list = ""] = /of these kinds: ([^.]*)\./.exec(text) ?? [];
    const { settings } = planCluster({ name: "lab", identity: "dev", architecture: "amd64" });
    const { outdatedKinds } = planAddons(settings, { kubernetes: "k", coredns: "c" }, []);
    expect(list.split(/,\s+/)).toEqual(outdatedKinds.map((kind) => kind.split(".")[0]));
  });
});
