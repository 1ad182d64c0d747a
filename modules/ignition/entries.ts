// SPDX-License-Identifier: Apache-2.0
// Names of the entries of a config ("file "/etc/a" contents.source") and whose they are, for messages.
import type { IgnitionConfig } from "ignition-config-types";
import { rules } from "./codes.ts";
import { type ConfigPath, type Finding, formatPath, type Problem } from "./finding.ts";
import { configShape, isFields, type Shape } from "./shape.ts";
import { shown } from "./validate/urls.ts";

/** Whose an entry is: the objects of a merged config that are entries of lists, with the names of their origins. */
export type Owners = ReadonlyMap<object, readonly string[]>;

/** Keys can be whole SSH keys or data URLs; a path is nearly always shorter. */
const keyLimit = 200;

interface Entry {
  readonly name: string;
  readonly owners: readonly string[];
}

/** What stands at `path`, in words. */
function entryAt(config: IgnitionConfig, path: ConfigPath, owners: Owners): Entry {
  let shape: Shape | undefined = configShape;
  let value: unknown = config;
  let name = "";
  let found = owners.get(config) ?? [];
  let rest: (string | number)[] = [];
  for (const segment of path) {
    if (shape?.kind === "list") {
      value = Array.isArray(value) ? value[Number(segment)] : undefined;
      const key = shape.key?.(value);
      const label = key === undefined ? `#${Number(segment) + 1}` : shown(key, keyLimit);
      name = [name, `${shape.entry} ${label}`].filter(Boolean).join(" ");
      if (isFields(value)) found = owners.get(value) ?? found;
      rest = [];
      shape = shape.item;
    } else {
      value = isFields(value) ? value[segment] : undefined;
      shape = shape?.kind === "struct" ? shape.fields[segment]?.shape : undefined;
      rest.push(segment);
    }
  }
  if (name === "" && path.length === 0) name = "config";
  return { name: [name, rest.join(".")].filter(Boolean).join(" "), owners: found };
}

function described(entry: Entry): string {
  if (entry.owners.length === 0) return entry.name;
  return `${entry.name} (${entry.owners.join(", ")})`;
}

/** Turns what checks yield into findings that name entries and owners. */
export function describeProblems(
  config: IgnitionConfig,
  problems: Iterable<Problem>,
  owners: Owners = new Map(),
): readonly Finding[] {
  return Array.from(problems, (problem) => {
    const entry = entryAt(config, problem.path, owners);
    const related = problem.related && entryAt(config, problem.related, owners);
    const text = related ? problem.text.replace("%s", () => described(related)) : problem.text;
    const message = `${described(entry)}: ${text}`;
    return {
      path: formatPath(problem.path),
      code: problem.code,
      severity: rules[problem.code].severity,
      message: message.charAt(0).toUpperCase() + message.slice(1),
      owners: [...new Set([...entry.owners, ...(related?.owners ?? [])])],
    };
  });
}
