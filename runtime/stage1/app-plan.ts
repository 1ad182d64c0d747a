// SPDX-License-Identifier: Apache-2.0
// What stage0 and the CRI server hand to stage1: everything an app needs, said without a word about the flavour that starts it.
import { type CapabilitySets, DEFAULT_CAPABILITIES, planCapabilities } from "./capabilities.ts";
import type { SeccompProfile } from "./oci/seccomp.ts";

/** One variable; a list and not a map, because order and duplicates reach the app as they were given. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly value: string;
}

/** A namespace of the app: one of its own, the host's, or one that exists already (pinned file or `/proc/<pid>/ns/…`). */
export type NamespaceChoice = "new" | "host" | { readonly path: string };

export interface NamespaceChoices {
  readonly network: NamespaceChoice;
  readonly pid: NamespaceChoice;
  readonly ipc: NamespaceChoice;
  readonly uts: NamespaceChoice;
  /** "host" shows the real cgroup tree; "new" makes the app's own cgroup its root. */
  readonly cgroup: NamespaceChoice;
}

/** How mounts made after the start travel: not at all, from the host to the app, or both ways. */
export type MountPropagation = "private" | "rslave" | "rshared";

/** A file or directory of the host seen in the app. `source` must exist; `target` is made when missing. */
export interface BindMount {
  readonly kind: "bind";
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** With `readOnly`: mounts below `source` are read-only too (mount_setattr with AT_RECURSIVE). */
  readonly recursiveReadOnly: boolean;
  readonly propagation: MountPropagation;
}

/** A filesystem of the app's own, such as an empty tmpfs volume. */
export interface TmpfsMount {
  readonly kind: "tmpfs";
  readonly target: string;
  /** mount(8) options, for example `mode=1777`, `size=65536k`, `noexec`. */
  readonly options: readonly string[];
}

export type AppMount = BindMount | TmpfsMount;

/** A device node in the app's /dev and what its device cgroup permits. */
export interface AppDevice {
  readonly path: string;
  readonly type: "c" | "b";
  readonly major: number;
  readonly minor: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Letters of r (read), w (write), m (mknod). */
  readonly access: string;
}

export interface HugepageLimit {
  /** As the kernel writes it: "2MB", "1GB". */
  readonly pageSize: string;
  readonly limitBytes: number;
}

/** Limits; what is absent is not limited. Swap is memory plus swap, as in cgroup v1 and CRI. */
export interface AppResources {
  readonly cpuShares?: number;
  readonly cpuQuotaUs?: number;
  readonly cpuPeriodUs?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly memoryLimitBytes?: number;
  readonly memorySwapBytes?: number;
  readonly memoryReservationBytes?: number;
  readonly pidsLimit?: number;
  readonly hugepageLimits?: readonly HugepageLimit[];
  /** cgroup v2 files written as they are, for example `memory.oom.group` = "1". Ignored on cgroup v1. */
  readonly unified?: Readonly<Record<string, string>>;
}

/** `runtime-default` is our own profile; `profile` is one that was loaded from a file. */
export type SeccompChoice =
  | { readonly kind: "unconfined" }
  | { readonly kind: "runtime-default" }
  | { readonly kind: "profile"; readonly profile: SeccompProfile };

export interface AppRlimit {
  /** "RLIMIT_NOFILE" and so on. */
  readonly type: string;
  readonly soft: number;
  readonly hard: number;
}

/** Everything about one app. Made by {@link appPlan}, which fills what is not given. */
export interface AppPlan {
  readonly podUuid: string;
  readonly appName: string;
  /** The low-level runtime's name for it, unique on the host: the CRI container id, or `<uuid>-<app>`. */
  readonly containerId: string;
  /** The app's root directory, mounted already. */
  readonly rootfs: string;
  /** argv; args[0] is looked up in the app's PATH when it has no slash. */
  readonly args: readonly string[];
  readonly environment: readonly EnvironmentVariable[];
  readonly workingDirectory: string;
  /** Set in the uts namespace when that is new or a path; empty leaves the name as it is. */
  readonly hostname: string;
  readonly uid: number;
  readonly gid: number;
  readonly supplementaryGids: readonly number[];
  readonly terminal: boolean;
  readonly mounts: readonly AppMount[];
  readonly namespaces: NamespaceChoices;
  /** All of the host's devices, writable /sys and cgroups; the other relaxations are in the fields they concern. */
  readonly privileged: boolean;
  readonly capabilities: CapabilitySets;
  readonly noNewPrivileges: boolean;
  readonly readOnlyRootfs: boolean;
  readonly maskedPaths: readonly string[];
  readonly readOnlyPaths: readonly string[];
  readonly seccomp: SeccompChoice;
  /** A loaded AppArmor profile, or empty. */
  readonly apparmorProfile: string;
  /** An SELinux label, or empty. */
  readonly selinuxLabel: string;
  readonly resources: AppResources;
  /** Parent cgroup as a path, also with the systemd driver (`/kubepods.slice/kubepods-pod1.slice`); empty means the flavour's default. */
  readonly cgroupParent: string;
  readonly devices: readonly AppDevice[];
  /** Dotted names of sysctls that belong to one of the app's own namespaces. */
  readonly sysctls: Readonly<Record<string, string>>;
  readonly rlimits: readonly AppRlimit[];
  /** -1000 to 1000; undefined inherits. */
  readonly oomScoreAdj: number | undefined;
  /** From SIGTERM to SIGKILL when systemd ends what still runs as the machine goes down; undefined is systemd's default. */
  readonly stopGraceSeconds: number | undefined;
  /** Written into config.json, and so seen by the low-level runtime, which acts on some: never a stranger's. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** What has no sensible default. */
export type AppPlanInput = Pick<
  AppPlan,
  "podUuid" | "appName" | "containerId" | "rootfs" | "args"
> &
  Partial<AppPlan>;

/** PATH of an app whose image sets none, as appc's and Docker's. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Hidden from apps: what they could use to learn about or harm the host through /proc and /sys. */
export const DEFAULT_MASKED_PATHS: readonly string[] = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/config.gz",
  "/proc/interrupts",
  "/proc/kallsyms",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
];

/** Visible to apps, not writable. */
export const DEFAULT_READONLY_PATHS: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/** The parts of a privileged app's plan that differ from the defaults; spread it into {@link appPlan}'s input. */
export function privilegedFields(): Pick<
  AppPlan,
  "privileged" | "capabilities" | "maskedPaths" | "readOnlyPaths" | "seccomp"
> {
  return {
    privileged: true,
    capabilities: planCapabilities({ base: ["ALL"], add: [], drop: [], ambient: [], uid: 0 }),
    maskedPaths: [],
    readOnlyPaths: [],
    seccomp: { kind: "unconfined" },
  };
}

/** Fills what `input` leaves out: an isolated app of root's with the default capabilities and seccomp profile. */
export function appPlan(input: AppPlanInput): AppPlan {
  const uid = input.uid ?? 0;
  return {
    environment: [],
    workingDirectory: "/",
    hostname: "",
    uid,
    gid: 0,
    supplementaryGids: [],
    terminal: false,
    mounts: [],
    namespaces: { network: "new", pid: "new", ipc: "new", uts: "new", cgroup: "new" },
    privileged: false,
    capabilities: planCapabilities({
      base: DEFAULT_CAPABILITIES,
      add: [],
      drop: [],
      ambient: [],
      uid,
    }),
    noNewPrivileges: false,
    readOnlyRootfs: false,
    maskedPaths: DEFAULT_MASKED_PATHS,
    readOnlyPaths: DEFAULT_READONLY_PATHS,
    seccomp: { kind: "runtime-default" },
    apparmorProfile: "",
    selinuxLabel: "",
    resources: {},
    cgroupParent: "",
    devices: [],
    sysctls: {},
    rlimits: [],
    oomScoreAdj: undefined,
    stopGraceSeconds: undefined,
    annotations: {},
    ...input,
  };
}
