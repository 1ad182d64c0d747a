// SPDX-License-Identifier: Apache-2.0
// ClusterReady: waits until a cluster does what it was made for. Has nothing of its own: deleting it does nothing.

import { diffBySchema, withChanges } from "../diff.ts";
import { PartialCreateError, type ResourceContext, type ResourceHandler } from "../handler.ts";
import { hasUnknown, type PropertyValues } from "../property-value.ts";
import { textOf, textsOf } from "../read-values.ts";
import { parseKubeconfig } from "../ready/kube-client.ts";
import { probe, type ReadyPlan } from "../ready/probe.ts";
import { NotReadyError, type PhaseTimes, waitUntilReady } from "../ready/wait.ts";
import type { ResourceSchema } from "../resource-schema.ts";

/** A cluster under load may take its time to answer; one that is gone refuses at once. */
const GLANCE_MS = 15_000;

const schema: ResourceSchema = {
  description: "Waits until the API server answers, nodes are Ready and kube-system's pods run.",
  inputs: {
    kubeconfig: {
      type: "string",
      required: true,
      secret: true,
      description: "Kubeconfig with certificates inside.",
    },
    nodeNames: {
      type: "array",
      required: true,
      items: { type: "string", description: "A node." },
      description: "Nodes that must be Ready.",
    },
    journalPath: {
      type: "string",
      required: true,
      description: "Journal of the first controller.",
    },
    consolePath: {
      type: "string",
      required: true,
      description: "Console of the first controller.",
    },
    trigger: {
      type: "string",
      description: "Another text waits again: `startedAt` of the machine.",
    },
    urls: {
      type: "array",
      items: { type: "string", description: "A URL." },
      description: "Must answer a GET with a success.",
    },
  },
  outputs: {
    ready: { type: "boolean", description: "Whether it was ready at the last look." },
    seconds: { type: "number", description: "From power-on to ready." },
    phases: {
      type: "map",
      items: { type: "number", description: "Seconds." },
      description: "Seconds of each phase.",
    },
    summary: { type: "string", description: "What took how long, as text." },
  },
};

export const clusterReady: ResourceHandler = {
  type: "corefly:index:ClusterReady",
  schema,
  timeoutSeconds: 1200,

  async diff(olds, news, context) {
    const diff = diffBySchema(olds, news, schema);
    if (diff.changes) return diff;
    if (olds["ready"] !== true) return withChanges(diff, { ready: "update" });
    const ready = hasUnknown(news) || (await isReady(news, context));
    return ready ? diff : withChanges(diff, { ready: "update" });
  },

  async create(inputs, context) {
    return { id: context.name, outputs: await wait(inputs, undefined, context) };
  },

  async update(_id, olds, news, context) {
    return wait(news, olds, context);
  },
};

async function isReady(inputs: PropertyValues, context: ResourceContext): Promise<boolean> {
  // Whatever is wrong, the wait finds it and says so.
  return probe(readPlan(inputs), GLANCE_MS, context.signal).then(
    ({ state }) => state === "ready",
    () => false,
  );
}

async function wait(
  inputs: PropertyValues,
  olds: PropertyValues | undefined,
  context: ResourceContext,
): Promise<PropertyValues> {
  try {
    const times = await waitUntilReady({
      plan: readPlan(inputs),
      journalPath: textOf(inputs, "journalPath"),
      consolePath: textOf(inputs, "consolePath"),
      now: () => context.now(),
      status: (text) => context.status(text),
      signal: context.signal,
    });
    return sameStart(inputs, olds) ? readyAgain(olds) : outputsOf(times);
  } catch (error) {
    const details = error instanceof NotReadyError ? error.details : [];
    for (const line of details) context.info(line);
    const reason = error instanceof Error ? error.message : String(error);
    throw new PartialCreateError(
      context.name,
      { ready: false, seconds: 0, phases: {}, summary: `Not ready: ${reason}` },
      `Cannot wait for the cluster: ${reason}`,
      { cause: error },
    );
  }
}

function sameStart(inputs: PropertyValues, olds: PropertyValues | undefined): boolean {
  return olds?.["ready"] === true && olds["trigger"] === inputs["trigger"];
}

/** Of the same start, the times that were seen then are the true ones. */
function readyAgain(olds: PropertyValues | undefined): PropertyValues {
  const names = Object.keys(schema.outputs);
  return Object.fromEntries(Object.entries(olds ?? {}).filter(([name]) => names.includes(name)));
}

function outputsOf(times: PhaseTimes): PropertyValues {
  const seconds = Math.round(times.reduce((sum, [, each]) => sum + each, 0) * 10) / 10;
  const parts = times.map(([phase, each]) => `${phase} ${each} s`);
  return {
    ready: true,
    seconds,
    phases: Object.fromEntries(times),
    summary: `Ready after ${seconds} s: ${parts.join(", ")}`,
  };
}

function readPlan(inputs: PropertyValues): ReadyPlan {
  return {
    access: parseKubeconfig(textOf(inputs, "kubeconfig")),
    nodeNames: textsOf(inputs, "nodeNames"),
    urls: textsOf(inputs, "urls"),
  };
}
