// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { inNamespace } from "../../../../runtime/net/in-namespace.ts";
import {
  ProcessAborted,
  recordingSystem,
} from "../../../../runtime/system/fake/recording-system.ts";

const THERE = "/proc/self/ns/net";

describe("inNamespace()", () => {
  it("goes there, and home again, whatever happens there", () => {
    const system = recordingSystem();
    expect(inNamespace(system, THERE, () => 7)).toBe(7);
    expect(() =>
      inNamespace(system, THERE, () => {
        throw new Error("there");
      }),
    ).toThrow("there");
    expect(system.calls.map(({ name }) => name)).toEqual(["setns", "setns", "setns", "setns"]);
  });

  it("runs nothing when it cannot go there", () => {
    const system = recordingSystem({ fail: { name: "setns", errno: "EPERM" } });
    expect(() => inNamespace(system, THERE, () => expect(true).toBe(false))).toThrow(
      "Cannot setns: EPERM",
    );
    expect(system.calls.map(({ name }) => name)).toEqual(["setns"]);
  });

  it("ends the process when it cannot go home: what it did next would happen in the pod", () => {
    const system = recordingSystem({ fail: { name: "setns", nth: 2, errno: "EPERM" } });
    expect(() => inNamespace(system, THERE, () => 7)).toThrow(ProcessAborted);
    expect(system.calls.at(-1)).toMatchObject({
      name: "abort",
      args: ["Cannot return from a pod's namespaces: Cannot setns: EPERM"],
    });
  });
});
