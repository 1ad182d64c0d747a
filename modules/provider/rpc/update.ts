// SPDX-License-Identifier: Apache-2.0
// Update: changes a resource in place, or says in a preview what is known of it afterwards.

import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { decodeProperties, encodeProperties } from "../codec.ts";
import type { ResourceContext, ResourceHandler } from "../handler.ts";
import { type PropertyValues, UNKNOWN } from "../property-value.ts";
import type { Provider } from "../provider.ts";
import { protectOutputs, protectPartial } from "../secret-marks.ts";
import { recorded } from "./recorded.ts";

export async function update(
  provider: Provider,
  request: providerPb.UpdateRequest,
): Promise<providerPb.UpdateResponse> {
  const operation = {
    verb: "update",
    urn: request.getUrn(),
    timeoutSeconds: request.getTimeout(),
  };
  return await provider.run(operation, async (handler, context) => {
    const olds = recorded(request.getOldInputs(), request.getOlds()).values;
    const news = decodeProperties(request.getNews());
    const outputs = request.getPreview()
      ? await planUpdate(handler, olds, news.values, context)
      : await protectPartial(
          handler.schema,
          news.secrets,
          async () => await apply(handler, request.getId(), olds, news.values, context),
        );
    const response = new providerPb.UpdateResponse();
    response.setRefreshBeforeUpdate(handler.refreshBeforeUpdate ?? false);
    response.setProperties(encodeProperties(protectOutputs(outputs, handler.schema, news.secrets)));
    return response;
  });
}

async function planUpdate(
  handler: ResourceHandler,
  olds: PropertyValues,
  news: PropertyValues,
  context: ResourceContext,
): Promise<PropertyValues> {
  const { outputs, stables = [] } = handler.schema;
  const known = Object.keys(outputs).map(
    (name) => [name, stables.includes(name) ? (olds[name] ?? UNKNOWN) : UNKNOWN] as const,
  );
  const planned = await handler.plan?.(olds, news, context);
  return { ...Object.fromEntries(known), ...planned };
}

async function apply(
  handler: ResourceHandler,
  id: string,
  olds: PropertyValues,
  news: PropertyValues,
  context: ResourceContext,
): Promise<PropertyValues> {
  if (handler.update === undefined) {
    throw new Error(`Cannot update ${handler.type}: it can only be replaced`);
  }
  return await handler.update(id, olds, news, context);
}
