// SPDX-License-Identifier: Apache-2.0
// Puts onto this machine what every node gets, to be used by hand: what `make install` does. Nothing of it starts by itself.

import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { COREFLY_VERSION, RUNTIME_FOLDER } from "../modules/artifacts/version.ts";
import { NODE_ARCHIVES } from "../modules/cluster/plan/images.ts";
import { wrapper } from "../modules/cluster/plan/runtime-units.ts";
import { defaultCacheDir } from "../modules/provider/build/host.ts";
import { obtainArtifacts } from "../modules/provider/build/obtain.ts";

try {
  const { runtime, ...archives } = await obtainArtifacts(["runtime", ...NODE_ARCHIVES], {
    cacheDir: defaultCacheDir(process.env),
    onProgress: (message) => process.stderr.write(`corefly: ${message}\n`),
  });
  if (runtime === undefined) throw new Error('Cannot find artefact "runtime"');
  const bin = join(dirname(RUNTIME_FOLDER), "bin");
  install(
    runtime.path,
    Object.values(archives).map(({ path }) => path),
  );
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, "corefly"), wrapper(COREFLY_VERSION), { mode: 0o755 });
  rmSync(join(bin, "crictl"), { force: true });
  symlinkSync(join(RUNTIME_FOLDER, "bin/crictl"), join(bin, "crictl"));
  process.stdout.write(`corefly ${COREFLY_VERSION} is installed: ${bin}/corefly\n`);
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`corefly: Cannot install: ${reason}\n`);
  process.exitCode = 1;
}

/** The folder appears whole. Pods that run go on with the files of the one that it takes the place of. */
function install(bundle: string, archives: readonly string[]): void {
  const fresh = `${RUNTIME_FOLDER}.new`;
  const old = `${RUNTIME_FOLDER}.old`;
  for (const leftover of [fresh, old]) rmSync(leftover, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  for (const archive of archives) {
    execFileSync("tar", ["-C", fresh, "--no-same-owner", "-xf", archive]);
  }
  copyFileSync(bundle, join(fresh, "corefly.mjs"));
  if (existsSync(RUNTIME_FOLDER)) renameSync(RUNTIME_FOLDER, old);
  renameSync(fresh, RUNTIME_FOLDER);
  rmSync(old, { recursive: true, force: true });
}
