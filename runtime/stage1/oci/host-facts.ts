// SPDX-License-Identifier: Apache-2.0
// What a config.json depends on besides the app: read once at start, so that ociSpec() stays a pure function.
import type { AppDevice } from "../app-plan.ts";

/** `hybrid` is version 1 with an additional, empty `unified` mount, which crun 1.8 refuses as it is. */
export type CgroupLayout = "v2" | "v1" | "hybrid";

export interface HostFacts {
  readonly cgroupLayout: CgroupLayout;
  /** "systemd" where PID 1 is systemd, else "cgroupfs". Also what CRI's RuntimeConfig answers. */
  readonly cgroupDriver: "systemd" | "cgroupfs";
  /** Controllers that can be used, for example "cpu", "memory", "hugetlb". */
  readonly cgroupControllers: readonly string[];
  /** Whether swap can be limited (memory.memsw files on v1, memory.swap.max on v2). */
  readonly swapAccounting: boolean;
  /** What corefly itself may do: an app cannot be given more. */
  readonly capabilities: readonly string[];
  /** Our own oom_score_adj: without CAP_SYS_RESOURCE no app's can be lower. */
  readonly oomScoreAdj: number;
  readonly architecture: "amd64" | "arm64";
  readonly kernelRelease: string;
  /** Device nodes under /dev, for privileged apps. */
  readonly devices: readonly AppDevice[];
  readonly apparmor: boolean;
  readonly selinux: boolean;
}
