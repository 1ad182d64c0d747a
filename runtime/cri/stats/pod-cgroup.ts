// SPDX-License-Identifier: Apache-2.0
// The cgroup that the kubelet makes for a pod, above those of its containers.
import { basename, join } from "node:path";
import type { SandboxRecord } from "../../pod/sandbox-record.ts";
import type { HostFacts } from "../../stage1/oci/host-facts.ts";
import { CGROUP_ROOT } from "./cgroup-files.ts";

/** Controllers whose version 1 trees have figures. */
const CONTROLLERS = ["cpu", "cpuacct", "memory", "pids"];

/**
 * Its directories as in {@link readCgroups}; undefined when the parent that was asked for is not the pod's alone: the kubelet
 * names those after the pod's uid, in systemd's notation with `_` for `-`.
 */
export function podCgroups(
  { cgroupParent, podUid }: Pick<SandboxRecord, "cgroupParent" | "podUid">,
  host: Pick<HostFacts, "cgroupLayout">,
): Readonly<Record<string, string>> | undefined {
  const name = basename(cgroupParent).replaceAll("_", "-");
  if (podUid === "" || !name.includes(podUid.replaceAll("_", "-"))) {
    return undefined;
  }
  return Object.fromEntries(
    host.cgroupLayout === "v2"
      ? [["", join(CGROUP_ROOT, cgroupParent)]]
      : CONTROLLERS.map((controller) => [controller, join(CGROUP_ROOT, controller, cgroupParent)]),
  );
}
