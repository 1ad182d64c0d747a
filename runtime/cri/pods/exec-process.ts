// SPDX-License-Identifier: Apache-2.0
// A further process of a container: with the user, groups, capabilities and environment of its first one.
import { join } from "node:path";
import { InvalidManifestError } from "../../errors.ts";
import type { ContainerRecord } from "../../pod/container-record.ts";
import type { OciProcess } from "../../stage1/oci/spec-types.ts";
import type { CriContext } from "../context.ts";
import { appDir, execDir } from "./paths.ts";

export async function execProcess(
  context: CriContext,
  record: ContainerRecord,
  args: readonly string[],
  terminal: boolean,
): Promise<{ readonly process: OciProcess; readonly scratchDir: string }> {
  const { files } = context.system;
  const path = join(appDir(context.paths, record.podUuid, record.id), "config.json");
  const first = processOf(await files.readJson(path), path);
  const scratchDir = execDir(context.paths);
  await files.mkdirp(scratchDir, { mode: 0o700 });
  return { process: { ...first, args, terminal }, scratchDir };
}

/** We wrote the file ourselves: only its presence is checked. */
function processOf(spec: unknown, path: string): OciProcess {
  if (typeof spec === "object" && spec !== null && "process" in spec) {
    return spec.process as OciProcess;
  }
  throw new InvalidManifestError(`Cannot read bundle "${path}": it has no process`);
}
