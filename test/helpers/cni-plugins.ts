// SPDX-License-Identifier: Apache-2.0
// Where this machine has CNI plugins: those the test run was given, or a distribution's.
import { existsSync } from "node:fs";
import { join } from "node:path";

/** COREFLY_CNI_DIR first; `make test` sets it to the plugins that nodes get. */
export function cniPluginDir(): string {
  const candidates = [process.env["COREFLY_CNI_DIR"] ?? "", "/opt/cni/bin", "/usr/lib/cni"];
  const found = candidates.find((each) => each !== "" && existsSync(join(each, "host-local")));
  if (found === undefined) {
    throw new Error(
      "These tests need CNI plugins: set COREFLY_CNI_DIR, or apt-get install containernetworking-plugins",
    );
  }
  return found;
}
