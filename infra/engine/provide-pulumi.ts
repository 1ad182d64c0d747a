// SPDX-License-Identifier: Apache-2.0
// Gets a Pulumi CLI, whatever it takes: the installed one, the one made last time, or a new one.

import { hostArchitecture } from "../../modules/provider/build/host.ts";
import { obtainArtifacts } from "../../modules/provider/build/obtain.ts";
import {
  type Environment,
  findInstalledPulumi,
  installOurPulumi,
  type PulumiCli,
} from "./pulumi-cli.ts";
import type { ReleaseSource } from "./settings.ts";

export interface ProvideOptions {
  readonly environment: Environment;
  readonly cacheDir: string;
  /** A release to download one from instead of compiling it. */
  readonly source?: ReleaseSource | undefined;
  /** Hears of every step that takes time. */
  say(message: string): void;
}

/**
 * Resolves to a CLI that can run Node programs. The first time, with neither an installed one nor a release, it compiles
 * for minutes.
 */
export async function providePulumi(options: ProvideOptions): Promise<PulumiCli> {
  const installed = await findInstalledPulumi(options.environment);
  if (installed !== undefined) return installed;
  const { pulumi } = await obtainArtifacts(["pulumi"], {
    cacheDir: options.cacheDir,
    architecture: hostArchitecture(),
    onProgress: options.say,
    source: options.source,
  });
  if (pulumi === undefined) throw new Error("Cannot obtain Pulumi: found no artefact of that name");
  return installOurPulumi(pulumi.path, options.cacheDir);
}
