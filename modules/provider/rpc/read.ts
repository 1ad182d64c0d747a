// SPDX-License-Identifier: Apache-2.0
// Read: what is really there of a resource, for `refresh`, `import` and before updates of what can die on its own.

import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { encodeProperties } from "../codec.ts";
import type { ReadResult } from "../handler.ts";
import type { Provider } from "../provider.ts";
import { protectInputs, protectOutputs } from "../secret-marks.ts";
import { recorded } from "./recorded.ts";

export async function read(
  provider: Provider,
  request: providerPb.ReadRequest,
): Promise<providerPb.ReadResponse> {
  const operation = { verb: "read", urn: request.getUrn(), timeoutSeconds: request.getTimeout() };
  return await provider.run(operation, async (handler, context) => {
    const response = new providerPb.ReadResponse();
    response.setRefreshBeforeUpdate(handler.refreshBeforeUpdate ?? false);
    const olds = recorded(request.getInputs(), request.getProperties());
    if (handler.read === undefined) {
      if (Object.keys(olds.values).length === 0) {
        throw new Error(`Cannot import "${request.getId()}": ${handler.type} can only be created`);
      }
      response.setId(request.getId());
      response.setInputs(request.getInputs());
      response.setProperties(request.getProperties());
      return response;
    }
    const found: ReadResult | undefined = await handler.read(request.getId(), olds.values, context);
    // An empty id says that the resource is gone.
    if (found === undefined) return response;
    response.setId(found.id);
    response.setInputs(encodeProperties(protectInputs(found.inputs, handler.schema, olds.secrets)));
    // As `create` and `update` give them: inputs among them would be a difference to what is recorded.
    const outputs = Object.entries(found.outputs).filter(
      ([name]) => name in handler.schema.outputs,
    );
    response.setProperties(
      encodeProperties(protectOutputs(Object.fromEntries(outputs), handler.schema, olds.secrets)),
    );
    return response;
  });
}
