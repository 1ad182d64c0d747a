// SPDX-License-Identifier: Apache-2.0
// A cache of a test's own that has nothing but a disk image with nothing on it: a machine of it starts, and never comes up.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { pulumiWithCache } from "./pulumi-with-cache.ts";

/** Makes it, and gives the environment in which the fixture `without-machine` has a machine of it. */
export async function blankMachine(cacheDir: string): Promise<Readonly<Record<string, string>>> {
  const blobs = join(cacheDir, "blobs/sha512");
  mkdirSync(blobs, { recursive: true });
  const blank = join(blobs, "blank");
  execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", blank, "1M"]);
  const sha512 = createHash("sha512").update(readFileSync(blank)).digest("hex");
  renameSync(blank, join(blobs, sha512));
  return {
    ...(await pulumiWithCache(cacheDir)),
    COREFLY_TEST_IMAGE: sha512,
  };
}
