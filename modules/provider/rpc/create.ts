// SPDX-License-Identifier: Apache-2.0
// Create: makes a resource, or says in a preview what is known of it.

import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { type Decoded, decodeProperties, encodeProperties } from "../codec.ts";
import type { ResourceContext, ResourceHandler } from "../handler.ts";
import { type PropertyValues, UNKNOWN } from "../property-value.ts";
import type { Provider } from "../provider.ts";
import { protectOutputs, protectPartial } from "../secret-marks.ts";

export async function create(
  provider: Provider,
  request: providerPb.CreateRequest,
): Promise<providerPb.CreateResponse> {
  const operation = {
    verb: "create",
    urn: request.getUrn(),
    timeoutSeconds: request.getTimeout(),
  };
  return await provider.run(operation, async (handler, context) => {
    const inputs = decodeProperties(request.getProperties());
    const response = new providerPb.CreateResponse();
    response.setRefreshBeforeUpdate(handler.refreshBeforeUpdate ?? false);
    if (request.getPreview()) {
      const planned = await planCreate(handler, inputs.values, context);
      return withProperties(response, planned, handler, inputs);
    }
    const { id, outputs } = await protectPartial(
      handler.schema,
      inputs.secrets,
      async () => await handler.create(inputs.values, context),
    );
    response.setId(id);
    return withProperties(response, outputs, handler, inputs);
  });
}

async function planCreate(
  handler: ResourceHandler,
  inputs: PropertyValues,
  context: ResourceContext,
): Promise<PropertyValues> {
  const unknown = Object.keys(handler.schema.outputs).map((name) => [name, UNKNOWN] as const);
  const planned = await handler.plan?.(undefined, inputs, context);
  return { ...Object.fromEntries(unknown), ...planned };
}

function withProperties(
  response: providerPb.CreateResponse,
  outputs: PropertyValues,
  handler: ResourceHandler,
  inputs: Decoded,
): providerPb.CreateResponse {
  response.setProperties(encodeProperties(protectOutputs(outputs, handler.schema, inputs.secrets)));
  return response;
}
