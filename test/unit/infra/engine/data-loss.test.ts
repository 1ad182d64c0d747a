// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { lostDisks } from "../../../../infra/engine/data-loss.ts";

const event = (op: string, type = "corefly:index:Disk", kind = "resourcePreEvent") =>
  JSON.stringify({
    [kind]: {
      metadata: {
        op,
        type,
        urn: `urn:pulumi:dev::shop::corefly:index:Cluster$${type}::lab-controller-0-etcd`,
        old: { outputs: { path: "/state/etcd.img" } },
      },
    },
  });

const disk = { name: "lab-controller-0-etcd", path: "/state/etcd.img" };

describe("lostDisks()", () => {
  it("finds disks that are deleted, for good or for others", () => {
    expect(lostDisks([event("delete")])).toEqual([disk]);
    expect(lostDisks([event("delete-replaced")])).toEqual([disk]);
  });

  it("finds nothing else", () => {
    expect(
      lostDisks([
        event("same"),
        event("update"),
        event("delete", "corefly:index:Mirror"),
        event("delete", "corefly:index:Disk", "resOutputsEvent"),
        '{"sequence":0,"preludeEvent":{}}',
      ]),
    ).toEqual([]);
  });
});
