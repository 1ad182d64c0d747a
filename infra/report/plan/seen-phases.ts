// SPDX-License-Identifier: Apache-2.0
// Finds in a stack's state how long each phase took as those saw it who waited for the cluster. Pure.

/** Seconds by phase; undefined if nobody has waited to the end, or the state cannot be read. */
export function seenPhases(state: string): Readonly<Record<string, number>> | undefined {
  const resources = ["checkpoint", "latest", "resources"].reduce(member, parse(state));
  if (!Array.isArray(resources)) return undefined;
  const ready: unknown = resources.find(
    (resource: unknown) => member(resource, "type") === "corefly:index:ClusterReady",
  );
  const phases = ["outputs", "phases"].reduce(member, ready);
  if (typeof phases !== "object" || phases === null) return undefined;
  const seconds = Object.entries(phases).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number",
  );
  return seconds.length === 0 ? undefined : Object.fromEntries(seconds);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name);
}
