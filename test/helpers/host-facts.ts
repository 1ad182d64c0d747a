// SPDX-License-Identifier: Apache-2.0
// A host for planners: a CoreOS node as they are today, unless a test says otherwise.
import { CAPABILITY_NAMES } from "../../runtime/stage1/capabilities.ts";
import type { HostFacts } from "../../runtime/stage1/oci/host-facts.ts";

export function hostFacts(more: Partial<HostFacts> = {}): HostFacts {
  return {
    cgroupLayout: "v2",
    cgroupDriver: "systemd",
    cgroupControllers: ["cpuset", "cpu", "io", "memory", "hugetlb", "pids"],
    swapAccounting: true,
    capabilities: CAPABILITY_NAMES,
    oomScoreAdj: 0,
    architecture: "amd64",
    kernelRelease: "6.12.0",
    devices: [],
    apparmor: false,
    selinux: true,
    ...more,
  };
}
