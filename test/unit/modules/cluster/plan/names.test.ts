// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import {
  checkNodeLabels,
  checkNodeName,
  nodeName,
} from "../../../../../modules/cluster/plan/names.ts";

describe("checkNodeName() (CLU-07)", () => {
  it.each(["web_1", "Web1", "a..b", "-a", "a-", "", "a".repeat(64)])(
    "refuses %j in one line",
    (name) => {
      expect(() => checkNodeName(name, "name")).toThrow(/^Invalid argument "name": [^\n]+$/);
    },
  );

  it("takes 63 characters", () => {
    expect(checkNodeName("a".repeat(63), "name")).toHaveLength(63);
  });
});

describe("nodeName() (CLU-07)", () => {
  it("refuses a cluster name that makes the node's too long", () => {
    expect(() => nodeName("c".repeat(50), "controller", 10)).toThrow(
      /has 64 characters, expected at most 63$/,
    );
  });
});

describe("checkNodeLabels() (CLU-07)", () => {
  it("refuses roles, which would keep the kubelet from starting", () => {
    expect(() => checkNodeLabels({ "node-role.kubernetes.io/gpu": "" }, "nodeLabels")).toThrow(
      /^Invalid argument "nodeLabels": a kubelet may not give itself the label "node-role.kubernetes.io\/gpu"/,
    );
  });

  it.each(["node.kubernetes.io/disk", "kubernetes.io/arch", "example.com/rack", "rack"])(
    "takes %s",
    (key) => {
      expect(() => checkNodeLabels({ [key]: "ssd" }, "nodeLabels")).not.toThrow();
    },
  );

  it.each([
    ["rack", "a b"],
    ["a/b/c", "x"],
    ["", "x"],
  ])("refuses %j=%j", (key, value) => {
    expect(() => checkNodeLabels({ [key]: value }, "nodeLabels")).toThrow(
      "is not a Kubernetes label",
    );
  });
});
