// SPDX-License-Identifier: Apache-2.0
// The CNI plugins that nodes get, unpacked once for all tests.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** Obtains the artefact, which `make test` has built before. */
export function cniPluginDir(): string {
  const stdout = execFileSync(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      join(root, "modules/provider/build/main.ts"),
      "obtain",
      "cni-plugins",
    ],
    { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  );
  const { "cni-plugins": plugins } = JSON.parse(stdout) as {
    readonly "cni-plugins": { readonly path: string; readonly sha512: string };
  };
  const directory = join(tmpdir(), `corefly-test-cni-${plugins.sha512.slice(0, 16)}`);
  if (!existsSync(directory)) {
    const fresh = mkdtempSync(`${directory}-`);
    execFileSync("tar", ["-C", fresh, "-xf", plugins.path]);
    try {
      renameSync(fresh, directory);
    } catch {
      // another test was first
      rmSync(fresh, { recursive: true });
    }
  }
  return join(directory, "cni");
}
