// SPDX-License-Identifier: Apache-2.0
// Where the parts of an app lie in its pod's directory (docs/on-disk-format.md).
import { join } from "node:path";
import { POD_FILES, type Pod } from "../pod/pod.ts";

/** Directories and files of an app inside its pod's directory. */
export function appPaths(pod: Pod, app: string) {
  const dir = pod.path(POD_FILES.apps, app);
  return {
    dir,
    rootfs: join(dir, "rootfs"),
    upper: join(dir, "upper"),
    work: join(dir, "work"),
    resolvConf: join(dir, "resolv.conf"),
    hosts: join(dir, "hosts"),
    bundle: join(dir, "bundle"),
    shared: join(dir, "shared"),
  };
}
