// SPDX-License-Identifier: Apache-2.0
// --format=json of list and status: rkt's v1.Pod and v1.App, field by field.
import { UsageError } from "../errors.ts";
import type { AppView, PodView } from "../pod/view.ts";
import type { FlagSpec, ParsedFlags } from "./flags.ts";

export const FORMAT_FLAG: FlagSpec = {
  name: "format",
  kind: "string",
  value: "json|json-pretty",
  help: "Print JSON instead of text",
};

/** undefined: text. Throws UsageError for anything but json and json-pretty. */
export function jsonFormat(flags: ParsedFlags): "json" | "json-pretty" | undefined {
  const format = flags.string("format");
  if (format === undefined || format === "") {
    return undefined;
  }
  if (format !== "json" && format !== "json-pretty") {
    throw new UsageError(`Cannot use flag "--format": "${format}" is neither json nor json-pretty`);
  }
  return format;
}

/** One line, or indented with tabs. */
export function formatJson(value: unknown, format: "json" | "json-pretty"): string {
  return `${JSON.stringify(value, undefined, format === "json-pretty" ? "\t" : undefined)}\n`;
}

/** v1.Pod. Times in seconds; what is not known is left out. */
export function podJson(pod: PodView) {
  return {
    name: pod.uuid,
    state: pod.state,
    networks: pod.networks.map(({ name, ifName, ip }) => ({ netName: name, ifName, ip })),
    app_names: pod.apps.map(({ name }) => name),
    apps: pod.apps.map(appJson),
    created_at: seconds(pod.createdAtMs),
    started_at: seconds(pod.startedAtMs),
    pid: pod.pid,
    owner: pod.owner,
    stage1: pod.flavour,
    user_annotations: nonEmpty(pod.annotations),
    user_labels: nonEmpty(pod.labels),
  };
}

/** v1.App. Times in nanoseconds, as numbers that lose their last digits. */
function appJson(app: AppView) {
  return {
    name: app.name,
    state: app.state,
    created_at: optionalNumber(app.createdAtNs),
    started_at: optionalNumber(app.startedAtNs),
    finished_at: optionalNumber(app.finishedAtNs),
    exit_code: app.exitCode,
    image_id: app.imageId,
    image_name: app.imageName,
    pid: app.pid,
  };
}

function seconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : Math.floor(milliseconds / 1000);
}

function optionalNumber(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

function nonEmpty(
  map: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> | undefined {
  return Object.keys(map).length === 0 ? undefined : map;
}
