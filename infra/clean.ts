// SPDX-License-Identifier: Apache-2.0
// Removes the cache of artefacts: what `make clean` does after the stack is destroyed. Machines of other stacks have links
// of what they need, and go on.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { defaultCacheDir } from "../modules/provider/build/host.ts";

/** Ours by name: COREFLY_CACHE may be a folder in which somebody has other things too. */
const FOLDERS = [
  "blobs",
  "engine",
  "go",
  "index",
  "lab",
  "locks",
  "logs",
  "toolchain",
  "work",
] as const;

const cacheDir = resolve(defaultCacheDir(process.env));
const folders = FOLDERS.map((name) => join(cacheDir, name)).filter(existsSync);
if (folders.length === 0) {
  process.stdout.write(`Nothing to remove: found no cache in ${cacheDir}\n`);
} else {
  const start = Date.now();
  process.stdout.write(`Removing the cache ${cacheDir}\n`);
  // Go keeps its modules read-only.
  execFileSync("chmod", ["-R", "u+w", "--", ...folders]);
  for (const folder of folders) rmSync(folder, { recursive: true });
  const others = readdirSync(cacheDir);
  if (others.length === 0) rmdirSync(cacheDir);
  const kept = others.length === 0 ? "" : `, kept what is not ours: ${others.join(", ")}`;
  process.stdout.write(`Removed in ${Math.round((Date.now() - start) / 1000)} s${kept}\n`);
}
