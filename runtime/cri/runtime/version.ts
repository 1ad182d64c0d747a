// SPDX-License-Identifier: Apache-2.0
// Version: who we are. The kubelet shows it as containerRuntimeVersion and puts the name before container ids.
import { VERSION } from "../../system/version.ts";
import type { RuntimeRpc } from "../rpc.ts";

export const version: RuntimeRpc<"version"> = async () => ({
  // The version of the kubelet's runtime API, as every runtime says it.
  version: "0.1.0",
  runtimeName: "corefly",
  runtimeVersion: VERSION,
  runtimeApiVersion: "v1",
});
