// SPDX-License-Identifier: Apache-2.0
// Asks a cluster, from outside, whether it is ready.

import { errorCode } from "../processes/error-code.ts";
import type { KubeAccess, KubeAnswer } from "./kube-client.ts";
import { kubeGet } from "./kube-client.ts";
import { countItems, readyNodes, waitingPods } from "./kube-status.ts";

/** What makes a cluster ready. */
export interface ReadyPlan {
  readonly access: KubeAccess;
  readonly nodeNames: readonly string[];
  /** Must answer a GET with a success. */
  readonly urls: readonly string[];
}

/** `api`: nobody answers yet; `node`, `pods`, `urls`: what is missing; `ready`: nothing. */
export interface ProbeResult {
  readonly state: "api" | "node" | "pods" | "urls" | "ready";
  /** What is missing, for people. */
  readonly waitingFor: string;
}

/** One look; an API server that is slow has `timeoutMs` for each answer. */
export async function probe(
  plan: ReadyPlan,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const get = (path: string) => ask(plan.access, path, timeoutMs, signal);
  const healthy = await get("/readyz");
  if (healthy?.status !== 200) {
    const status = healthy === undefined ? "" : ` (it answers ${healthy.status})`;
    return { state: "api", waitingFor: `the API server${status}` };
  }
  const nodes = readyNodes((await get("/api/v1/nodes"))?.body ?? "");
  const missing = plan.nodeNames.find((name) => nodes?.get(name) !== true);
  if (missing !== undefined) {
    const what = nodes?.has(missing) === true ? "to be Ready" : "to register";
    return { state: "node", waitingFor: `node ${missing} ${what}` };
  }
  const pods = (await get("/api/v1/namespaces/kube-system/pods"))?.body ?? "";
  const [waiting, ...others] = waitingPods(pods) ?? ["the list of pods"];
  if (waiting !== undefined || countItems(pods) === 0) {
    const more = others.length > 0 ? ` and ${others.length} more` : "";
    return { state: "pods", waitingFor: `pods of kube-system: ${waiting ?? "none yet"}${more}` };
  }
  for (const url of plan.urls) {
    const problem = await urlProblem(url, timeoutMs, signal);
    if (problem !== undefined) return { state: "urls", waitingFor: `${url} (${problem})` };
  }
  return { state: "ready", waitingFor: "" };
}

async function ask(
  access: KubeAccess,
  path: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<KubeAnswer | undefined> {
  try {
    return await kubeGet(access, path, timeoutMs, signal);
  } catch (error) {
    signal.throwIfAborted();
    // A wrong certificate does not become right by waiting.
    if (/^(CERT_|ERR_TLS_CERT|SELF_SIGNED|UNABLE_TO_|DEPTH_ZERO)/.test(errorCode(error) ?? ""))
      throw error;
    return undefined;
  }
}

async function urlProblem(
  url: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    await response.body?.cancel();
    return response.ok ? undefined : `it answers ${response.status}`;
  } catch {
    signal.throwIfAborted();
    return "no answer";
  }
}
