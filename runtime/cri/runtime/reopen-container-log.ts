// SPDX-License-Identifier: Apache-2.0
// ReopenContainerLog: the kubelet has renamed the log file; the new one is there when we answer.
import { PodStateError } from "../../errors.ts";
import { reopenLog } from "../../stage1/oci/monitor-control.ts";
import { appDir } from "../pods/paths.ts";
import type { RuntimeRpc } from "../rpc.ts";

export const reopenContainerLog: RuntimeRpc<"reopenContainerLog"> = async (request, context) => {
  const { record } = context.pods.getContainer(request.containerId);
  if (record.state !== "running") {
    throw new PodStateError(
      `Cannot reopen the log of container "${record.name}": it is ${record.state}, expected running`,
    );
  }
  if (record.logPath !== "") {
    const bundle = appDir(context.paths, record.podUuid, record.id);
    await reopenLog(context.system, { id: record.id, bundle, logPath: record.logPath });
  }
  return {};
};
