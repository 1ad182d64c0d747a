// SPDX-License-Identifier: Apache-2.0
// ExecSync: a command in a running container, to its end: exec probes and lifecycle hooks.
import { PodStateError, UsageError } from "../../errors.ts";
import { execSync as execInApp } from "../../stage1/oci/exec-sync.ts";
import { execProcess } from "../pods/exec-process.ts";
import type { RuntimeRpc } from "../rpc.ts";

/** Both outputs go into one message, of which the kubelet takes 16 MiB with all that is around them. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024 - 64 * 1024;

export const execSync: RuntimeRpc<"execSync"> = async (request, context, call) => {
  const { record } = context.pods.getContainer(request.containerId);
  if (request.cmd.length === 0) {
    throw new UsageError("Cannot run a command: the request names none");
  }
  if (record.state !== "running") {
    throw new PodStateError(
      `Cannot run a command in container "${record.name}": it is ${record.state}, expected running`,
    );
  }
  const { process, scratchDir } = await execProcess(context, record, request.cmd, false);
  const timeoutMs = Number(request.timeout) * 1000;
  const result = await execInApp(context.system, context.crun, {
    id: record.id,
    process,
    scratchDir,
    signal: call.signal,
    ...(timeoutMs > 0 ? { timeoutMs } : {}),
  });
  const stdout = result.stdout.subarray(0, MAX_OUTPUT_BYTES);
  return {
    stdout,
    stderr: result.stderr.subarray(0, MAX_OUTPUT_BYTES - stdout.length),
    exitCode: result.exitCode,
  };
};
