// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { DEFAULT_CAPABILITIES } from "../../../../../runtime/stage1/capabilities.ts";
import { DEFAULT_SECCOMP_PROFILE } from "../../../../../runtime/stage1/oci/default-seccomp-profile.ts";
import { parseSeccompProfile, resolveSeccomp } from "../../../../../runtime/stage1/oci/seccomp.ts";

const facts = {
  capabilities: DEFAULT_CAPABILITIES,
  architecture: "amd64",
  kernelRelease: "6.12.1-fc",
} as const;

function allowed(more: Partial<Parameters<typeof resolveSeccomp>[1]> = {}): ReadonlySet<string> {
  const { syscalls = [] } = resolveSeccomp(DEFAULT_SECCOMP_PROFILE, { ...facts, ...more });
  return new Set(
    syscalls.filter((rule) => rule.action === "SCMP_ACT_ALLOW").flatMap((rule) => rule.names),
  );
}

describe("DEFAULT_SECCOMP_PROFILE", () => {
  it.each([
    "openat",
    "execve",
    "clone",
    "futex",
    "epoll_pwait2",
    "statx",
    "socket",
    "rseq",
    "chroot",
  ])("allows %s to an ordinary app", (name) => expect(allowed()).toContain(name));

  it.each([
    "mount",
    "unshare",
    "setns",
    "bpf",
    "init_module",
    "kexec_load",
    "add_key",
    "keyctl",
    "reboot",
    "swapon",
    "perf_event_open",
    "open_by_handle_at",
    "userfaultfd",
    "io_uring_setup",
    "clock_settime",
    "process_vm_readv",
    "pivot_root",
  ])("does not allow %s", (name) => expect(allowed()).not.toContain(name));

  it("allows more to who holds the capability", () => {
    expect(allowed({ capabilities: ["CAP_SYS_ADMIN"] })).toContain("mount");
    expect(allowed({ capabilities: ["CAP_SYS_TIME"] })).toContain("clock_settime");
    expect(allowed({ capabilities: [] })).not.toContain("chroot");
  });

  it("answers ENOSYS to clone3, so that C libraries use clone, whose flags can be looked at", () => {
    const rules = resolveSeccomp(DEFAULT_SECCOMP_PROFILE, facts).syscalls ?? [];
    expect(rules).toContainEqual({ names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38 });
    expect(rules).toContainEqual({
      names: ["clone"],
      action: "SCMP_ACT_ALLOW",
      args: [{ index: 0, value: 0x7e020000, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
    });
  });

  it("names the architectures of the machine", () => {
    expect(resolveSeccomp(DEFAULT_SECCOMP_PROFILE, facts).architectures).toEqual([
      "SCMP_ARCH_X86_64",
      "SCMP_ARCH_X86",
      "SCMP_ARCH_X32",
    ]);
    const arm = resolveSeccomp(DEFAULT_SECCOMP_PROFILE, { ...facts, architecture: "arm64" });
    expect(arm.architectures).toEqual(["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]);
    expect(allowed({ architecture: "arm64" })).not.toContain("arch_prctl");
  });

  it("has every name once in its unconditional list", () => {
    const [first] = DEFAULT_SECCOMP_PROFILE.syscalls;
    expect(new Set(first?.names).size).toBe(first?.names.length);
  });
});

describe("parseSeccompProfile()", () => {
  it("reads what Docker and containerd write, conditions and all", () => {
    const text = JSON.stringify({
      defaultAction: "SCMP_ACT_ERRNO",
      archMap: [{ architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86"] }],
      syscalls: [
        { names: ["a"], action: "SCMP_ACT_ALLOW", args: null, includes: {}, excludes: {} },
        { name: "b", action: "SCMP_ACT_ALLOW", includes: { caps: ["CAP_SYS_ADMIN"] } },
        { names: ["c"], action: "SCMP_ACT_ALLOW", includes: { minKernel: "4.8" } },
        { names: ["d"], action: "SCMP_ACT_ALLOW", includes: { minKernel: "6.13" } },
        { names: ["e"], action: "SCMP_ACT_ALLOW", excludes: { arches: ["amd64"] } },
        {
          names: ["f"],
          action: "SCMP_ACT_ALLOW",
          args: [{ index: 0, value: 1, valueTwo: 2, op: "SCMP_CMP_EQ" }],
        },
      ],
    });
    expect(resolveSeccomp(parseSeccompProfile(text, "p.json"), facts)).toEqual({
      defaultAction: "SCMP_ACT_ERRNO",
      architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
      syscalls: [
        { names: ["a"], action: "SCMP_ACT_ALLOW" },
        { names: ["c"], action: "SCMP_ACT_ALLOW" },
        {
          names: ["f"],
          action: "SCMP_ACT_ALLOW",
          args: [{ index: 0, value: 1, valueTwo: 2, op: "SCMP_CMP_EQ" }],
        },
      ],
    });
  });

  it.each([
    ["[]", "expected a JSON object"],
    ["{}", "defaultAction is undefined, expected an action such as SCMP_ACT_ERRNO"],
    [
      '{"defaultAction":"ALLOW"}',
      'defaultAction is "ALLOW", expected an action such as SCMP_ACT_ERRNO',
    ],
    ['{"defaultAction":"SCMP_ACT_LOG","syscalls":{}}', "syscalls is not a list"],
    [
      '{"defaultAction":"SCMP_ACT_LOG","syscalls":[{"names":[],"action":"SCMP_ACT_LOG"}]}',
      "syscalls[0] names no system call",
    ],
    [
      '{"defaultAction":"SCMP_ACT_LOG","syscalls":[{"names":["a"],"action":"X"}]}',
      'syscalls[0].action is "X", expected an action such as SCMP_ACT_ERRNO',
    ],
    [
      '{"defaultAction":"SCMP_ACT_LOG","syscalls":[{"names":["a"],"action":"SCMP_ACT_LOG","args":[{}]}]}',
      "syscalls[0].args needs index, value and op",
    ],
  ])("refuses %s", (text, reason) => {
    expect(() => parseSeccompProfile(text, "p.json")).toThrow(
      `Cannot read seccomp profile "p.json": ${reason}`,
    );
  });
});
