// SPDX-License-Identifier: Apache-2.0
// CreateContainer: prepares, runs nothing.
import { UsageError } from "../../errors.ts";
import { createContainer as create } from "../pods/create-container.ts";
import { withImageRefs } from "../pods/image-volume.ts";
import type { RuntimeRpc } from "../rpc.ts";

export const createContainer: RuntimeRpc<"createContainer"> = async (request, context) => {
  if (request.config === undefined) {
    throw new UsageError("Cannot create container: the request has no config");
  }
  const config = await withImageRefs(context, request.config);
  const container = await create(context, request.podSandboxId, config);
  return { containerId: container.record.id };
};
