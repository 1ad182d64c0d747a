// SPDX-License-Identifier: Apache-2.0
// RuntimeConfig: the cgroup driver, which then overrides the kubelet's own setting.
import { CgroupDriver } from "../api-schema.ts";
import type { RuntimeRpc } from "../rpc.ts";

export const runtimeConfig: RuntimeRpc<"runtimeConfig"> = async (_request, { host }) => ({
  linux: {
    cgroupDriver: host.cgroupDriver === "systemd" ? CgroupDriver.SYSTEMD : CgroupDriver.CGROUPFS,
  },
});
