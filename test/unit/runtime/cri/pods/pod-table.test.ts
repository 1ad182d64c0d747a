// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { PodTable, type Sandbox, sandboxKey } from "../../../../../runtime/cri/pods/pod-table.ts";
import { isMonitorOf } from "../../../../../runtime/stage1/oci/monitors.ts";

function sandbox(id: string, name: string): Sandbox {
  const record = { id, name, namespace: "n", podUid: "u", attempt: 0 };
  return { record, config: {} } as unknown as Sandbox;
}

describe("PodTable", () => {
  const table = new PodTable();
  table.addSandbox(sandbox("aa11", "one"));
  table.addSandbox(sandbox("aa22", "two"));

  it("finds by the whole id, or by a beginning that only one has", () => {
    expect(table.findSandbox("aa11")?.record.name).toBe("one");
    expect(table.findSandbox("aa2")?.record.name).toBe("two");
    expect(table.findSandbox("aa")).toBeUndefined();
    expect(table.findSandbox("")).toBeUndefined();
    expect(() => table.getSandbox("bb")).toThrow('Cannot find pod sandbox "bb"');
    expect(() => table.getContainer("bb")).toThrow('Cannot find container "bb"');
  });

  it("finds by name, namespace, uid and attempt together", () => {
    const key = { name: "one", namespace: "n", uid: "u", attempt: 0 };
    expect(table.sandboxNamed(sandboxKey(key))?.record.id).toBe("aa11");
    expect(table.sandboxNamed(sandboxKey({ ...key, attempt: 1 }))).toBeUndefined();
  });
});

describe("isMonitorOf()", () => {
  const id = "f".repeat(64);
  it("knows a monitor by its program and its container", () => {
    expect(isMonitorOf(["/opt/corefly/bin/conmon", "--cid", id, ""].join("\0"), id)).toBe(true);
    expect(isMonitorOf(["conmon", "--cid", "other", ""].join("\0"), id)).toBe(false);
    expect(isMonitorOf(["cat", "--cid", id, ""].join("\0"), id)).toBe(false);
    expect(isMonitorOf("", id)).toBe(false);
  });
});
