// SPDX-License-Identifier: Apache-2.0
// Delete: removes a resource; one that is gone already is no failure.

import type providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import type { Provider } from "../provider.ts";
import { recorded } from "./recorded.ts";

export async function remove(
  provider: Provider,
  request: providerPb.DeleteRequest,
): Promise<emptyPb.Empty> {
  const operation = { verb: "delete", urn: request.getUrn(), timeoutSeconds: request.getTimeout() };
  return await provider.run(operation, async (handler, context) => {
    const olds = recorded(request.getOldInputs(), request.getProperties()).values;
    await handler.delete?.(request.getId(), olds, context);
    return new emptyPb.Empty();
  });
}
