// SPDX-License-Identifier: Apache-2.0
// Removes the caches of artefacts: what `make clean` does after the stacks are destroyed.

import { execFileSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { defaultCacheDir } from "../modules/provider/build/host.ts";

const cacheDir = defaultCacheDir(process.env);
if (existsSync(cacheDir)) {
  // Go keeps its modules read-only.
  execFileSync("chmod", ["-R", "u+w", cacheDir]);
  rmSync(cacheDir, { recursive: true });
  process.stdout.write(`Removed ${cacheDir}\n`);
}
