// SPDX-License-Identifier: Apache-2.0
// Diff: what would change, and does that need a new resource?

import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { decodeProperties } from "../codec.ts";
import { diffBySchema } from "../diff.ts";
import type { DiffKind, DiffResult, ResourceHandler } from "../handler.ts";
import type { Provider } from "../provider.ts";
import { recorded } from "./recorded.ts";

export async function diff(
  provider: Provider,
  request: providerPb.DiffRequest,
): Promise<providerPb.DiffResponse> {
  const operation = { verb: "compare", urn: request.getUrn(), timeoutSeconds: 0 };
  return await provider.run(operation, async (handler, context) => {
    const olds = recorded(request.getOldInputs(), request.getOlds()).values;
    const news = decodeProperties(request.getNews()).values;
    const result =
      handler.diff === undefined
        ? diffBySchema(olds, news, handler.schema)
        : await handler.diff(olds, news, context);
    return diffResponse(handler, result);
  });
}

function diffResponse(handler: ResourceHandler, result: DiffResult): providerPb.DiffResponse {
  const response = new providerPb.DiffResponse();
  if (!result.changes) {
    response.setChanges(providerPb.DiffResponse.DiffChanges.DIFF_NONE);
    return response;
  }
  const changed = [...new Set(Object.keys(result.detailed).map(rootOf))];
  // A kind of resource that cannot be updated is replaced whatever changes.
  const replaces =
    result.replaces.length === 0 && handler.update === undefined ? changed : result.replaces;
  response.setChanges(providerPb.DiffResponse.DiffChanges.DIFF_SOME);
  response.setDiffsList(changed);
  response.setReplacesList([...replaces]);
  response.setStablesList(replaces.length === 0 ? [...(handler.schema.stables ?? [])] : []);
  response.setDeletebeforereplace(
    result.deleteBeforeReplace ?? handler.schema.deleteBeforeReplace ?? false,
  );
  response.setHasdetaileddiff(true);
  const details = response.getDetaileddiffMap();
  for (const [path, kind] of Object.entries(result.detailed)) {
    const root = rootOf(path);
    const detail = new providerPb.PropertyDiff();
    detail.setKind(wireKind(kind, replaces.includes(root)));
    detail.setInputdiff(!Object.hasOwn(handler.schema.outputs, root));
    details.set(path, detail);
  }
  return response;
}

function rootOf(path: string): string {
  return /^[^.[]+/.exec(path)?.[0] ?? path;
}

function wireKind(kind: DiffKind, replaces: boolean): providerPb.PropertyDiff.Kind {
  const { Kind } = providerPb.PropertyDiff;
  switch (kind) {
    case "add":
      return replaces ? Kind.ADD_REPLACE : Kind.ADD;
    case "delete":
      return replaces ? Kind.DELETE_REPLACE : Kind.DELETE;
    case "update":
      return replaces ? Kind.UPDATE_REPLACE : Kind.UPDATE;
  }
}
