// SPDX-License-Identifier: Apache-2.0
// What somebody finds who logs in to a node: `corefly` and `crictl` in PATH, the latter knowing where our CRI server is.

import type { File, Link } from "ignition-config-types";
import { file, symlink } from "../../ignition/build/file.ts";
import { runtimeFolder } from "./runtime-units.ts";

/** Nothing below /usr: that is read-only on some systems. */
export function operatorFiles(): readonly File[] {
  return [
    file("/etc/crictl.yaml", { content: "runtime-endpoint: unix:///run/corefly/cri.sock\n" }),
    file("/etc/profile.d/corefly.sh", { content: 'PATH="$PATH:/opt/corefly/bin"\n' }),
  ];
}

/** `/opt/corefly/bin/crictl`, beside `corefly`. */
export function operatorLinks(runtimeVersion: string): readonly Link[] {
  return [symlink("/opt/corefly/bin/crictl", `${runtimeFolder(runtimeVersion)}/bin/crictl`)];
}
