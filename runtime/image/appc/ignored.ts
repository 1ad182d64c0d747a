// SPDX-License-Identifier: Apache-2.0
// What an ACI's manifest asks of who runs it and does not get here. The appc spec wants that said.
import { isObject, type JsonObject } from "../json.ts";

/** Isolators and event handlers, as in a message: `isolator "resource/memory"`. */
export function ignoredRequests(manifest: JsonObject): readonly string[] {
  const app = manifest["app"];
  if (!isObject(app)) {
    return [];
  }
  return [
    ...named(app["isolators"]).map((name) => `isolator "${name}"`),
    ...named(app["eventHandlers"]).map((name) => `event handler "${name}"`),
  ];
}

function named(list: unknown): readonly string[] {
  return (Array.isArray(list) ? list : []).flatMap((item: unknown) =>
    isObject(item) && typeof item["name"] === "string" ? [item["name"]] : [],
  );
}
