// SPDX-License-Identifier: Apache-2.0
// Archives that `make test` has obtained before, each unpacked once for all tests.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { ArtifactName } from "../../modules/artifacts/table.ts";

const root = resolve(import.meta.dirname, "../..");

/** Where an artefact is. */
export function obtainedArtifact(name: ArtifactName): {
  readonly path: string;
  readonly sha512: string;
} {
  const stdout = execFileSync(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      join(root, "modules/provider/build/main.ts"),
      "obtain",
      name,
    ],
    { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  );
  const obtained = (
    JSON.parse(stdout) as Readonly<
      Record<string, { readonly path: string; readonly sha512: string }>
    >
  )[name];
  if (obtained === undefined) {
    throw new Error(`Cannot obtain ${name}`);
  }
  return obtained;
}

/** The folder of an archive's content. */
export function unpackedArtifact(name: ArtifactName): string {
  const { path, sha512 } = obtainedArtifact(name);
  const directory = join(tmpdir(), `corefly-test-${name}-${sha512.slice(0, 16)}`);
  if (!existsSync(directory)) {
    const fresh = mkdtempSync(`${directory}-`);
    execFileSync("tar", ["-C", fresh, "-xf", path]);
    try {
      renameSync(fresh, directory);
    } catch {
      // another test was first
      rmSync(fresh, { recursive: true });
    }
  }
  return directory;
}
