// SPDX-License-Identifier: Apache-2.0
// Carries out the steps of a lab image's plan.

import {
  chmod,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import type { LabFile } from "../../artifacts/lab/files.ts";
import { ArtifactError } from "./artifact-error.ts";
import { runLogged } from "./command.ts";
import { LAB_KERNEL, type LabCommand, type LabStep } from "./lab-plan.ts";

/** Does one step. The output of a program goes to `log`; its end is in the error if it fails. */
export async function runStep(
  step: LabStep,
  root: string,
  log: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  switch (step.kind) {
    case "run":
      return runLogged({ ...(await withKernel(step.command, root)), signal }, log);
    case "write":
      for (const file of step.files) await writeLabFile(step.root, file);
      return;
    case "copy":
      await copyFile(step.from, step.to);
      return chmod(step.to, Number.parseInt(step.mode, 8));
    case "move":
      return rename(step.from, step.to);
    case "replace":
      return replaceText(step.path, step.from, step.to);
    case "empty":
      for (const path of step.paths) await emptyFolder(join(step.root, path));
      return;
    case "remove":
      for (const path of step.paths) {
        await rm(join(step.root, path), { recursive: true, force: true });
      }
      return;
    case "unlink-units":
      return unlinkUnits(join(step.root, "etc/systemd/system"), step.units);
  }
}

/** Version of the one kernel in a root filesystem. */
export async function kernelVersion(root: string): Promise<string> {
  const versions = await readdir(join(root, "usr/lib/modules"));
  const [version] = versions;
  if (version === undefined || versions.length > 1) {
    throw new ArtifactError(
      `Cannot build the lab image: found ${versions.length} kernels in it, expected one`,
    );
  }
  return version;
}

async function withKernel(command: LabCommand, root: string): Promise<LabCommand> {
  if (!command.args.includes(LAB_KERNEL)) return command;
  const version = await kernelVersion(root);
  return { ...command, args: command.args.map((arg) => (arg === LAB_KERNEL ? version : arg)) };
}

async function writeLabFile(root: string, file: LabFile): Promise<void> {
  const path = join(root, file.path);
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  if (file.target !== undefined) return symlink(file.target, path);
  await writeFile(path, file.content ?? "");
  await chmod(path, Number.parseInt(file.mode ?? "0644", 8));
}

async function replaceText(path: string, from: string, to: string): Promise<void> {
  const text = await readFile(path, "utf8");
  if (!text.includes(from)) {
    throw new ArtifactError(`Cannot change "${path}": "${from}" is not in it`);
  }
  await writeFile(path, text.replace(from, to));
}

async function emptyFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { recursive: true });
  if (path.endsWith("/tmp")) await chmod(path, 0o1777);
}

async function unlinkUnits(folder: string, units: readonly string[]): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith(".wants")) continue;
    for (const unit of units) await rm(join(folder, name, unit), { force: true });
  }
}
