// SPDX-License-Identifier: Apache-2.0
// The files that a machine boots from, put into its folder. They are links into the cache, so a machine goes on when the
// cache is emptied; on another file system they are copies.

import { spawn } from "node:child_process";
import { copyFile, link, open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { labRecipe, recipeId } from "../../artifacts/lab/recipe.ts";
import { MACHINE_FILES, type MachineBoot } from "../../platforms/qemu/plan/machine.ts";
import { cachePath } from "../build/cache.ts";
import { findLabImage, type LabImage, obtainLabImage } from "../build/lab.ts";
import { obtainArtifacts } from "../build/obtain.ts";
import { errorCode } from "../processes/error-code.ts";
import { missingProgram, QEMU_IMG } from "./programs.ts";

/** Which image a machine boots. */
export type MachineImage =
  /** The lab image, by the identity of its recipe. */
  | { readonly kind: "lab"; readonly recipe: string }
  /** A disk image in the cache: Fedora CoreOS, Flatcar. */
  | { readonly kind: "disk"; readonly sha512: string };

export interface ImageOptions {
  readonly cacheDir: string;
  readonly onProgress: (message: string) => void;
  readonly signal: AbortSignal;
}

/** The lab image of this version of corefly; built if it is not in the cache. */
export function obtainCurrentLabImage(options: ImageOptions): Promise<LabImage> {
  const { cacheDir, onProgress, signal } = options;
  return obtainLabImage(labRecipe("amd64"), {
    cacheDir,
    onProgress,
    signal,
    mirror: process.env["COREFLY_DEBIAN_MIRROR"],
    obtainIgnition: async () => {
      const { ignition } = await obtainArtifacts(["ignition"], { cacheDir, onProgress, signal });
      if (ignition === undefined) throw new Error("Cannot build the lab image: no Ignition");
      return ignition.path;
    },
  });
}

/** Puts the image's files and an empty overlay over its disk into `folder`. */
export async function installImage(
  image: MachineImage,
  folder: string,
  options: ImageOptions,
): Promise<MachineBoot> {
  const boot = await installFiles(image, folder, options);
  await rm(join(folder, MACHINE_FILES.root), { force: true });
  await createOverlay(folder, options.signal);
  return boot;
}

async function installFiles(
  image: MachineImage,
  folder: string,
  options: ImageOptions,
): Promise<MachineBoot> {
  if (image.kind === "disk") {
    const blob = cachePath(options.cacheDir, "blobs", "sha512", image.sha512);
    if ((await stat(blob).catch(() => undefined)) === undefined) {
      throw new Error(
        `Cannot find image sha512-${image.sha512.slice(0, 12)}…: it is not in the cache ${options.cacheDir}`,
      );
    }
    await put(blob, join(folder, MACHINE_FILES.base));
    return { kind: "disk" };
  }
  const lab = await labImage(image.recipe, options);
  await put(lab.root.path, join(folder, MACHINE_FILES.base));
  await put(lab.kernel.path, join(folder, MACHINE_FILES.kernel));
  await put(lab.initrd.path, join(folder, MACHINE_FILES.initrd));
  return { kind: "kernel", rootLabel: lab.rootLabel };
}

async function labImage(recipe: string, options: ImageOptions): Promise<LabImage> {
  const cached = await findLabImage(options.cacheDir, recipe);
  if (cached !== undefined) return cached;
  const current = recipeId(labRecipe("amd64"));
  if (recipe !== current) {
    throw new Error(
      `Cannot find lab image ${recipe.slice(0, 12)}…: it is not in the cache, and this version of corefly builds ${current.slice(0, 12)}…`,
    );
  }
  return obtainCurrentLabImage(options);
}

async function put(from: string, to: string): Promise<void> {
  await rm(to, { force: true });
  try {
    await link(from, to);
  } catch (error) {
    if (!["EXDEV", "EPERM", "EMLINK"].includes(errorCode(error) ?? "")) throw error;
    await copyFile(from, to);
  }
}

async function createOverlay(folder: string, signal: AbortSignal): Promise<void> {
  const format = await diskFormat(join(folder, MACHINE_FILES.base));
  const args = ["create", "-q", "-f", "qcow2", "-F", format];
  await new Promise<void>((resolve, reject) => {
    const child = spawn(QEMU_IMG, [...args, "-b", MACHINE_FILES.base, MACHINE_FILES.root], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
      signal,
    });
    let words = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      words += text;
    });
    child.once("error", (cause: NodeJS.ErrnoException) =>
      reject(cause.code === "ENOENT" ? new Error(missingProgram(QEMU_IMG), { cause }) : cause),
    );
    child.once("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`Cannot make the root disk: ${words.trim()}`)),
    );
  });
}

// "QFI\xfb": qcow2. Said to QEMU, so that the guest cannot choose by what it writes.
async function diskFormat(path: string): Promise<"qcow2" | "raw"> {
  const file = await open(path, "r");
  try {
    const magic = Buffer.alloc(4);
    await file.read(magic, 0, 4, 0);
    return magic.equals(Buffer.from([0x51, 0x46, 0x49, 0xfb])) ? "qcow2" : "raw";
  } finally {
    await file.close();
  }
}
