// SPDX-License-Identifier: Apache-2.0
// What this workstation is.

import { homedir } from "node:os";
import { join } from "node:path";
import type { Architecture } from "../../artifacts/artifact.ts";
import { ArtifactError } from "./artifact-error.ts";

/** The workstation's architecture, which is the default for artefacts too. */
export function hostArchitecture(): Architecture {
  switch (process.arch) {
    case "x64":
      return "amd64";
    case "arm64":
      return "arm64";
    default:
      throw new ArtifactError(
        `Cannot make artefacts on this machine: it is ${process.arch}, wanted x64 or arm64`,
      );
  }
}

/** The cache that all stacks share, as the environment says. */
export function defaultCacheDir(environment: Readonly<Record<string, string | undefined>>): string {
  return (
    environment["COREFLY_CACHE"] ||
    join(environment["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "corefly")
  );
}
