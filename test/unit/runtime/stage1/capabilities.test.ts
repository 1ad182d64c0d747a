// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import {
  CAPABILITY_NAMES,
  capabilitiesOfMask,
  DEFAULT_CAPABILITIES,
  limitCapabilities,
  parseCapability,
  planCapabilities,
} from "../../../../runtime/stage1/capabilities.ts";

const rules = { base: DEFAULT_CAPABILITIES, add: [], drop: [], ambient: [], uid: 0 };

describe("planCapabilities()", () => {
  it("gives root the default fourteen, none of them inheritable", () => {
    const sets = planCapabilities(rules);
    expect(sets.bounding).toHaveLength(14);
    expect(sets.effective).toEqual(sets.bounding);
    expect(sets.permitted).toEqual(sets.bounding);
    expect(sets.inheritable).toEqual([]);
    expect(sets.ambient).toEqual([]);
  });

  it("leaves a user without effective capabilities, as TestCapsNonRoot of rkt wants", () => {
    const sets = planCapabilities({ ...rules, uid: 1000 });
    expect(sets.bounding).toHaveLength(14);
    expect(sets.effective).toEqual([]);
  });

  it.each([
    [{ drop: ["ALL"], add: ["net_bind_service"] }, ["CAP_NET_BIND_SERVICE"]],
    [{ drop: ["all"] }, []],
    [
      { add: ["ALL"], drop: ["SYS_ADMIN", "CAP_BPF"] },
      CAPABILITY_NAMES.filter((name) => name !== "CAP_SYS_ADMIN" && name !== "CAP_BPF"),
    ],
    [{ add: ["ALL"], drop: ["ALL"] }, []],
    [{ base: [], add: ["SYS_TIME", "CHOWN"] }, ["CAP_CHOWN", "CAP_SYS_TIME"]],
    [{ base: [], add: ["CHOWN"], drop: ["CHOWN"] }, []],
  ])("%j bounds to what is left", (more, bounding) => {
    expect(planCapabilities({ ...rules, ...more }).bounding).toEqual(bounding);
  });

  it("raises ambient capabilities for a user, in every set that the kernel wants them in", () => {
    const sets = planCapabilities({ ...rules, base: [], ambient: ["NET_RAW"], uid: 1000 });
    const raised = ["CAP_NET_RAW"];
    expect(sets).toEqual({
      bounding: raised,
      effective: raised,
      permitted: raised,
      inheritable: raised,
      ambient: raised,
    });
  });

  it("refuses a name that the kernel does not have", () => {
    expect(() => planCapabilities({ ...rules, add: ["NET_MAGIC"] })).toThrow(
      'Cannot use capability "NET_MAGIC": the kernel has none of that name',
    );
  });
});

describe("limitCapabilities()", () => {
  it("takes what the host lacks out of every set", () => {
    const all = planCapabilities({ ...rules, base: ["ALL"] });
    const limited = limitCapabilities(all, ["CAP_CHOWN", "CAP_KILL"]);
    expect(limited.bounding).toEqual(["CAP_CHOWN", "CAP_KILL"]);
    expect(limited.effective).toEqual(["CAP_CHOWN", "CAP_KILL"]);
  });
});

describe("capabilitiesOfMask()", () => {
  it("reads /proc/<pid>/status: here all but SYS_RESOURCE", () => {
    expect(capabilitiesOfMask("000001fffeffffff\n")).toEqual(
      CAPABILITY_NAMES.filter((name) => name !== "CAP_SYS_RESOURCE"),
    );
  });
});

describe("parseCapability()", () => {
  it.each(["net_admin", "NET_ADMIN", "CAP_NET_ADMIN", "cap_net_admin"])("reads %s", (name) => {
    expect(parseCapability(name)).toBe("CAP_NET_ADMIN");
  });
});
