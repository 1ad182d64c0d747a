// SPDX-License-Identifier: Apache-2.0
// Status: whether pods can run, and on which network. Asked every five seconds; both conditions must be there.
import { VERSION } from "../../system/version.ts";
import { RUNTIME_HANDLERS } from "../plan/sandbox-plan.ts";
import type { RuntimeRpc } from "../rpc.ts";

export const status: RuntimeRpc<"status"> = async ({ verbose }, context) => {
  const problem = await context.network.problem();
  return {
    status: {
      conditions: [
        { type: "RuntimeReady", status: true, reason: "", message: "" },
        {
          type: "NetworkReady",
          status: problem === undefined,
          reason: problem === undefined ? "" : "NetworkPluginNotReady",
          message: problem ?? "",
        },
      ],
    },
    runtimeHandlers: RUNTIME_HANDLERS.map((name) => ({
      name,
      features: { recursiveReadOnlyMounts: true, userNamespaces: false },
    })),
    features: { supplementalGroupsPolicy: true },
    info: verbose
      ? {
          config: JSON.stringify({
            version: VERSION,
            dataDir: context.paths.dataDir,
            stateDir: context.paths.stateDir,
            cgroupDriver: context.host.cgroupDriver,
            cgroupLayout: context.host.cgroupLayout,
          }),
        }
      : {},
  };
};
