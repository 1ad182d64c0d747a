// SPDX-License-Identifier: Apache-2.0
// Check: are the arguments usable? Answers with defaults set, or with every argument that is wrong.

import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { decodeProperties, encodeProperties } from "../codec.ts";
import type { CheckResult, ResourceContext, ResourceHandler } from "../handler.ts";
import type { PropertyValues } from "../property-value.ts";
import type { Provider } from "../provider.ts";
import { checkBySchema } from "../schema-check.ts";
import { protectInputs } from "../secret-marks.ts";

export async function check(
  provider: Provider,
  request: providerPb.CheckRequest,
): Promise<providerPb.CheckResponse> {
  const operation = { verb: "check", urn: request.getUrn(), timeoutSeconds: 0 };
  return await provider.run(operation, async (handler, context) => {
    const news = decodeProperties(request.getNews());
    const old = request.hasOlds() ? decodeProperties(request.getOlds()).values : undefined;
    const result = await checked(handler, old, news.values, context);
    const response = new providerPb.CheckResponse();
    response.setInputs(
      encodeProperties(protectInputs(result.inputs, handler.schema, news.secrets)),
    );
    response.setFailuresList(
      result.failures.map(({ property, reason }) => {
        // As a property of the failure the engine would look it up and print its value, be it a secret or not there.
        const failure = new providerPb.CheckFailure();
        failure.setReason(`Invalid argument "${property}": ${reason}`);
        return failure;
      }),
    );
    return response;
  });
}

async function checked(
  handler: ResourceHandler,
  olds: PropertyValues | undefined,
  news: PropertyValues,
  context: ResourceContext,
): Promise<CheckResult> {
  const bySchema = checkBySchema(news, handler.schema.inputs);
  if (bySchema.failures.length > 0 || handler.check === undefined) return bySchema;
  return await handler.check(olds, bySchema.inputs, context);
}
