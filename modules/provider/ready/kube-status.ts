// SPDX-License-Identifier: Apache-2.0
// Reads the API server's answers: what is still missing before a cluster counts as ready. Pure.

/** Nodes by name, whether they are ready; undefined if the answer is not a list of nodes. */
export function readyNodes(body: string): ReadonlyMap<string, boolean> | undefined {
  const items = itemsOf(body);
  if (items === undefined) return undefined;
  return new Map(
    items.map((node) => {
      const conditions = listOf(recordOf(node["status"])["conditions"]);
      const ready = conditions.some(
        (condition) => condition["type"] === "Ready" && condition["status"] === "True",
      );
      return [nameOf(node), ready];
    }),
  );
}

/** What the kubelet calls it when a pod's node wanted no more of it: another one takes its place. */
const ENDED_BY_NODE: readonly unknown[] = ["Terminated", "NodeShutdown", "Evicted"];

/** Pods that are not running yet, with the reason that Kubernetes gives; undefined if the answer is not a list. */
export function waitingPods(body: string): readonly string[] | undefined {
  return itemsOf(body)?.flatMap((pod) => {
    const status = recordOf(pod["status"]);
    if (status["phase"] === "Succeeded" || isReplaced(pod)) return [];
    const containers = listOf(status["containerStatuses"]);
    const ready = containers.length > 0 && containers.every((each) => each["ready"] === true);
    if (status["phase"] === "Running" && ready) return [];
    const reason = containers
      .map((each) => recordOf(recordOf(each["state"])["waiting"])["reason"])
      .find((each) => typeof each === "string");
    return [`${nameOf(pod)} (${String(reason ?? status["phase"] ?? "Unknown")})`];
  });
}

/** Ended as its node went down, say; static pods come back under their own name. */
function isReplaced(pod: Fields): boolean {
  const { phase, reason } = recordOf(pod["status"]);
  const { annotations } = recordOf(pod["metadata"]);
  const isStatic = "kubernetes.io/config.mirror" in recordOf(annotations);
  return phase === "Failed" && ENDED_BY_NODE.includes(reason) && !isStatic;
}

/** How many items a list has. */
export function countItems(body: string): number {
  return itemsOf(body)?.length ?? 0;
}

type Fields = Readonly<Record<string, unknown>>;

function itemsOf(body: string): readonly Fields[] | undefined {
  try {
    const value: unknown = JSON.parse(body);
    const items = recordOf(value)["items"];
    return Array.isArray(items) ? items.map(recordOf) : undefined;
  } catch (error) {
    // Cut off, or a proxy's page: no list, and the next answer may be one.
    if (Object(error).name === "SyntaxError") return undefined;
    throw error;
  }
}

function nameOf(item: Fields): string {
  const name = recordOf(item["metadata"])["name"];
  return typeof name === "string" ? name : "?";
}

function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}

function recordOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
