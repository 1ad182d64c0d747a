// SPDX-License-Identifier: Apache-2.0
// What a stack's settings say to the engine itself, which needs it before there is a Pulumi to ask.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { projectName } from "./workspace.ts";

/** A release that artefacts are downloaded from, the Pulumi CLI among them. */
export interface ReleaseSource {
  readonly releaseUrl: string;
}

/** The setting `artifactsUrl` in Pulumi.<stack>.yaml; undefined: artefacts are built. */
export function releaseSource(projectDir: string, stack: string): ReleaseSource | undefined {
  const path = join(projectDir, `Pulumi.${stack}.yaml`);
  if (!existsSync(path)) return undefined;
  const content = parseSettings(path);
  const url = member(member(content, "config"), `${projectName(projectDir)}:artifactsUrl`);
  return typeof url === "string" && url !== "" ? { releaseUrl: url } : undefined;
}

function parseSettings(path: string): unknown {
  try {
    return parse(readFileSync(path, "utf8"));
  } catch (cause) {
    const [reason = ""] = cause instanceof Error ? cause.message.split(/:?\n/, 1) : [];
    throw new Error(`Cannot read settings "${path}": ${reason}`, { cause });
  }
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name);
}
