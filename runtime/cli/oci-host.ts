// SPDX-License-Identifier: Apache-2.0
// Where the oci flavour finds its programs, plugins and networks, from the command line's settings.
import { join } from "node:path";
import type { OciHost } from "../stage0/oci.ts";
import type { VerbContext } from "./verb.ts";

/** Of things that a reboot may forget. */
export const RUNTIME_DIR = "/run/corefly";

export function ociHost({ globals, programPath, cniPath }: VerbContext): OciHost {
  const dirs = [globals.systemConfigDir, globals.localConfigDir, globals.userConfigDir];
  return {
    programPath,
    cniPath,
    netConfDirs: dirs.filter((dir) => dir !== "").map((dir) => join(dir, "net.d")),
    dataDir: globals.dataDir,
    runtimeDir: RUNTIME_DIR,
  };
}
