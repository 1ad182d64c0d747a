// SPDX-License-Identifier: Apache-2.0
// `corefly list`: every pod, started by hand or by the kubelet.

import { UsageError } from "../errors.ts";
import { Pods, VISIBLE_PHASES } from "../pod/pods.ts";
import { type AppView, type PodView, viewPod } from "../pod/view.ts";
import { type FlagSpec, parseFlags } from "./flags.ts";
import { FORMAT_FLAG, formatJson, jsonFormat, podJson } from "./json.ts";
import { ago, formatNetworks, formatTime, table } from "./output.ts";
import type { Verb } from "./verb.ts";

const FLAGS: readonly FlagSpec[] = [
  { name: "no-legend", kind: "boolean", help: "Leave out the head line" },
  { name: "full", kind: "boolean", help: "Whole UUIDs, image ids and times" },
  FORMAT_FLAG,
];

export const verb: Verb = {
  name: "list",
  summary: "List pods",
  usage: "[--full] [--no-legend] [--format=json]",
  flags: FLAGS,
  run: async (args, { system, globals, out, warn }) => {
    const flags = parseFlags(FLAGS, args);
    if (flags.positionals.length > 0) {
      throw new UsageError(`Unexpected argument "${flags.positionals[0]}"`);
    }
    const format = jsonFormat(flags);
    const pods = await new Pods(system, globals.dataDir).each(VISIBLE_PHASES, (pod) =>
      viewPod(system, pod),
    );
    if (format === undefined) {
      const rows = pods.flatMap((pod) => podRows(pod, flags.boolean("full"), system.clock.now()));
      const legend = flags.boolean("no-legend") ? [] : [legendRow(flags.boolean("full"))];
      out(table([...legend, ...rows]));
    } else {
      // As Go prints an empty list.
      out(formatJson(pods.length === 0 ? null : pods.map(podJson), format));
    }
    const problems = pods.flatMap(({ uuid, problems: found }) =>
      found.map((text) => `${uuid}: ${text}`),
    );
    if (problems.length > 0) {
      warn(`${problems.length} error(s) encountered when listing pods:`);
      for (const problem of problems) {
        warn(problem);
      }
    }
    return 0;
  },
};

function legendRow(full: boolean): readonly string[] {
  return [
    "UUID",
    "APP",
    "IMAGE NAME",
    ...(full ? ["IMAGE ID"] : []),
    "STATE",
    "CREATED",
    "STARTED",
    "NETWORKS",
  ];
}

/** A row for each app; what belongs to the pod stands in the first. */
function podRows(pod: PodView, full: boolean, now: number): readonly (readonly string[])[] {
  const time = (ms: number | undefined) =>
    ms === undefined ? "" : full ? formatTime(ms) : ago(now - ms);
  const networks = formatNetworks(pod.networks);
  const podCells = [pod.state, time(pod.createdAtMs), time(pod.startedAtMs), networks];
  const apps: readonly (AppView | undefined)[] = pod.apps.length === 0 ? [undefined] : pod.apps;
  return apps.map((app, index) => [
    index === 0 ? (full ? pod.uuid : pod.uuid.slice(0, 8)) : "",
    app?.name ?? "-",
    app === undefined ? "-" : app.imageName || "-",
    ...(full ? [app === undefined ? "-" : shortImageId(app.imageId)] : []),
    ...(index === 0 ? podCells : podCells.map(() => "")),
  ]);
}

/** `sha512-` and twelve digits. */
function shortImageId(id: string): string {
  const [, algorithm = "", hex = ""] = /^(\w+[-:])([0-9a-f]+)$/.exec(id) ?? [];
  return hex === "" ? id : `${algorithm}${hex.slice(0, 12)}`;
}
