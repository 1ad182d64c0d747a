// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import {
  type AppPlan,
  appPlan,
  DEFAULT_PATH,
  privilegedFields,
} from "../../../../../runtime/stage1/app-plan.ts";
import { CAPABILITY_NAMES } from "../../../../../runtime/stage1/capabilities.ts";
import { hostLimits, ociSpec } from "../../../../../runtime/stage1/oci/spec.ts";
import { hostFacts } from "../../../../helpers/host-facts.ts";

const withoutResource = hostFacts({
  capabilities: CAPABILITY_NAMES.filter((name) => name !== "CAP_SYS_RESOURCE"),
  oomScoreAdj: -100,
});

function plan(more: Partial<AppPlan> = {}): AppPlan {
  return appPlan({
    podUuid: "11111111-1111-4111-8111-111111111111",
    appName: "web",
    containerId: "c1",
    rootfs: "/pods/1/rootfs",
    args: ["/bin/web"],
    ...more,
  });
}

describe("ociSpec()", () => {
  it("joins pinned namespaces, makes new ones and leaves the host's out", () => {
    const spec = ociSpec(
      plan({
        namespaces: {
          network: { path: "/run/corefly/netns/1" },
          pid: "new",
          ipc: "host",
          uts: { path: "/run/corefly/utsns/1" },
          cgroup: "new",
        },
        hostname: "pod-a",
      }),
      hostFacts(),
    );
    expect(spec.linux.namespaces).toEqual([
      { type: "mount" },
      { type: "network", path: "/run/corefly/netns/1" },
      { type: "pid" },
      { type: "uts", path: "/run/corefly/utsns/1" },
      { type: "cgroup" },
    ]);
    expect(spec.hostname).toBe("pod-a");
  });

  it("sets no hostname in the host's uts namespace, and no cgroup namespace on cgroup v1", () => {
    const { namespaces } = plan();
    const spec = ociSpec(
      plan({ namespaces: { ...namespaces, uts: "host" }, hostname: "pod-a" }),
      hostFacts({ cgroupLayout: "v1", cgroupDriver: "cgroupfs" }),
    );
    expect(spec).not.toHaveProperty("hostname");
    expect(spec.linux.namespaces.map(({ type }) => type)).toEqual([
      "mount",
      "network",
      "pid",
      "ipc",
    ]);
  });

  it("gives PATH, HOSTNAME and TERM only when the app has none, and keeps order and bytes", () => {
    const environment = [
      { name: "A", value: "50%n $x" },
      { name: "A", value: "" },
    ];
    expect(
      ociSpec(plan({ environment, hostname: "h", terminal: true }), hostFacts()).process.env,
    ).toEqual([`PATH=${DEFAULT_PATH}`, "HOSTNAME=h", "TERM=xterm", "A=50%n $x", "A="]);
    const own = [{ name: "PATH", value: "/bin" }];
    expect(ociSpec(plan({ environment: own }), hostFacts()).process.env).toEqual(["PATH=/bin"]);
  });

  it("passes every argument on byte for byte (POD-05)", () => {
    const args = ["/usr/bin/printf", "[%s]\\n", "%i", "%%", "$HOME", "$$", "a b", '"q"', "\\", ""];
    expect(ociSpec(plan({ args }), hostFacts()).process.args).toEqual(args);
  });

  it("keeps the primary group among the supplementary ones, once", () => {
    const groups = (gid: number, supplementaryGids: readonly number[]) =>
      ociSpec(plan({ gid, supplementaryGids }), hostFacts()).process.user.additionalGids;
    expect(groups(5, [])).toEqual([5]);
    expect(groups(5, [7, 5])).toEqual([5, 7]);
  });

  it("clamps oom_score_adj and capabilities to what the host can give", () => {
    const { process } = ociSpec(
      plan({ ...privilegedFields(), oomScoreAdj: -997 }),
      withoutResource,
    );
    expect(process.oomScoreAdj).toBe(-100);
    expect(process.capabilities.bounding).not.toContain("CAP_SYS_RESOURCE");
    expect(ociSpec(plan({ oomScoreAdj: -997 }), hostFacts()).process.oomScoreAdj).toBe(-997);
    expect(ociSpec(plan(), hostFacts()).process).not.toHaveProperty("oomScoreAdj");
  });

  it("opens devices, /sys and cgroups to a privileged app, and takes masks and seccomp away", () => {
    const kvm = {
      path: "/dev/kvm",
      type: "c",
      major: 10,
      minor: 232,
      mode: 0o660,
      uid: 0,
      gid: 108,
      access: "rwm",
    } as const;
    const spec = ociSpec(plan(privilegedFields()), hostFacts({ devices: [kvm] }));
    expect(spec.linux.resources.devices).toEqual([{ allow: true, access: "rwm" }]);
    expect(spec.linux.devices).toEqual([
      { path: "/dev/kvm", type: "c", major: 10, minor: 232, fileMode: 0o660, uid: 0, gid: 108 },
    ]);
    expect(spec.linux.maskedPaths).toEqual([]);
    expect(spec.linux).not.toHaveProperty("seccomp");
    const sys = spec.mounts.filter(({ destination }) => destination.startsWith("/sys"));
    expect(sys.map(({ options }) => options.at(-1))).toEqual(["rw", "rw"]);
  });

  it("tells systemd how long it may wait for an app as the machine goes down", () => {
    const patient = plan({ stopGraceSeconds: 5 });
    expect(ociSpec(patient, hostFacts()).annotations).toEqual({
      "org.systemd.property.TimeoutStopUSec": "uint64 5000000",
    });
    expect(ociSpec(plan(), hostFacts()).annotations).toEqual({});
    const noScopes = hostFacts({ cgroupDriver: "cgroupfs" });
    expect(ociSpec(patient, noScopes).annotations).toEqual({});
  });

  it("uses a profile from a file instead of its own", () => {
    const profile = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [] };
    const spec = ociSpec(plan({ seccomp: { kind: "profile", profile } }), hostFacts());
    expect(spec.linux.seccomp).toEqual({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [] });
  });

  it("is the same text for the same input", () => {
    expect(JSON.stringify(ociSpec(plan(), hostFacts()))).toBe(
      JSON.stringify(ociSpec(plan(), hostFacts())),
    );
  });

  it.each<[string, Partial<AppPlan>, string]>([
    ["no command", { args: [] }, "it has no command"],
    ["an empty command", { args: [""] }, "it has no command"],
    [
      "a relative directory",
      { workingDirectory: "srv" },
      'working directory "srv" is not an absolute path',
    ],
    [
      "a long hostname",
      { hostname: "h".repeat(65) },
      `hostname "${"h".repeat(65)}" is longer than 64 characters`,
    ],
    [
      "a NUL",
      { args: ["/bin/x", "a\0b"] },
      "a NUL character is in its arguments, environment or working directory",
    ],
    [
      "a variable with = in its name",
      { environment: [{ name: "A=B", value: "" }] },
      '"A=B" is not a name for an environment variable',
    ],
  ])("refuses %s", (_, more, reason) => {
    expect(() => ociSpec(plan(more), hostFacts())).toThrow(`Cannot plan app "web": ${reason}`);
  });
});

describe("hostLimits()", () => {
  it("has nothing to say on a host that can do all", () => {
    expect(hostLimits(plan({ ...privilegedFields(), oomScoreAdj: -997 }), hostFacts())).toEqual([]);
  });

  it("says what the app does not get", () => {
    const resources = { unified: { "memory.oom.group": "1" }, memorySwapBytes: 1 };
    const host = { ...withoutResource, cgroupLayout: "hybrid", swapAccounting: false } as const;
    expect(hostLimits(plan({ ...privilegedFields(), oomScoreAdj: -997, resources }), host)).toEqual(
      [
        "Apps run without CAP_SYS_RESOURCE: corefly itself does not have them",
        "Apps get oom_score_adj -100 at least: lower values need CAP_SYS_RESOURCE, which corefly does not have",
        "Limits given as cgroup v2 files are ignored: this host has cgroup v1",
        "Swap limits are ignored: this kernel does not count swap",
      ],
    );
  });
});
