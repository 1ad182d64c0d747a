// SPDX-License-Identifier: Apache-2.0
// Paths for which an OCI image wants a volume of its own (VOLUME in a Dockerfile). Kubernetes' volumes are the pod's, so nothing is
// mounted there; but programs rely on it that the directories exist.
import { RootDirectory } from "../../stage1/root-directory.ts";
import type { CriContext } from "../context.ts";

/** Makes those that the image lacks in the container's mounted root. What cannot be a directory is the image's own affair. */
export function makeVolumeDirectories(
  { system, log }: CriContext,
  rootfs: string,
  paths: readonly string[],
): void {
  using root = new RootDirectory(system, rootfs);
  for (const path of paths) {
    try {
      root.makeDirectory(path);
    } catch (error) {
      const fields = { path, error: String(error) };
      log.warn("Cannot make a directory for a volume of an image", fields);
    }
  }
}
