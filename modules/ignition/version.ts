// SPDX-License-Identifier: Apache-2.0
// Which spec version a config needs. The lowest is the right one: machines, installers and Butane lag behind by years.
import type { IgnitionConfig } from "ignition-config-types";
import { configShape, type Fields, isFields, type Shape } from "./shape.ts";

/** The stable spec versions that Ignition 2.24 takes, oldest first. */
export const specVersions = ["3.0.0", "3.1.0", "3.2.0", "3.3.0", "3.4.0", "3.5.0"] as const;

/** One of {@link specVersions}. */
export type SpecVersion = (typeof specVersions)[number];

/** The oldest version we write: Ignition 2.11 of 2021, older than any image we boot. */
export const oldestWritten: SpecVersion = "3.3.0";

export function isSpecVersion(text: string): text is SpecVersion {
  return specVersions.some((version) => version === text);
}

/** The lowest spec version, at least 3.3.0, that has every field and URL scheme the config uses. */
export function minimumVersion(config: IgnitionConfig): SpecVersion {
  const needed = neededVersion(config);
  return needed > oldestWritten ? needed : oldestWritten;
}

/** The lowest spec version of all that has every field and URL scheme the config uses. */
export function neededVersion(config: IgnitionConfig): SpecVersion {
  return specVersions.findLast((version) => uses(configShape, config, version)) ?? "3.0.0";
}

/** Whether `value` has something that appeared in exactly `version`. */
function uses(shape: Shape, value: unknown, version: SpecVersion): boolean {
  if (shape.kind === "list") {
    return Array.isArray(value) && value.some((item) => uses(shape.item, item, version));
  }
  if (shape.kind !== "struct" || !isFields(value)) return false;
  if (version === "3.4.0" && isArn(value)) return true;
  return Object.entries(shape.fields).some(([name, field]) => {
    const given = value[name];
    return (field.since === version && says(given)) || uses(field.shape, given, version);
  });
}

/** Whether anything is in `value`: rendering leaves out what is empty. */
function says(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(says);
  if (isFields(value)) return Object.values(value).some(says);
  return value !== undefined && value !== null;
}

function isArn(value: Fields): boolean {
  const source = value["source"];
  return typeof source === "string" && source.startsWith("arn:");
}
