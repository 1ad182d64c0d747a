// SPDX-License-Identifier: Apache-2.0
// Which volume goes where in an app (appc spec, "Volume setup"): image's mount points, the pod's mounts, the app's own.
import { UsageError } from "../errors.ts";
import type { ImageApp } from "../image/image-app.ts";
import type { Volume } from "../pod/manifest.ts";
import type { Flavour, MountRequest } from "./request.ts";
import { AC_NAME, cleanPath } from "./volumes.ts";

export interface MountPlan {
  readonly volume: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/**
 * The pod's volumes. A mount point that no volume was given for gets an empty one, except with fly, which has always
 * refused that.
 */
export function planVolumes(
  given: readonly Volume[],
  image: ImageApp,
  flavour: Flavour,
): { readonly volumes: readonly Volume[]; readonly warnings: readonly string[] } {
  const missing = image.mountPoints.filter(
    ({ name }) => !given.some((volume) => volume.name === name),
  );
  const [first] = missing;
  if (first !== undefined && flavour === "fly") {
    throw new UsageError(`missing volume for mountpoint: "${first.name}" at "${first.path}"`);
  }
  return {
    volumes: [
      ...given,
      ...missing.map(
        ({ name, readOnly }): Volume => ({
          name,
          kind: "empty",
          readOnly,
          mode: 0o755,
          uid: 0,
          gid: 0,
        }),
      ),
    ],
    warnings: missing.map(
      ({ name }) =>
        `No volume for mount point "${name}": it gets an empty one, removed with the pod`,
    ),
  };
}

/** Parents before children, otherwise in the order given; a later mount at the same place replaces an earlier one. */
export function planMounts(
  image: ImageApp,
  volumes: readonly Volume[],
  podMounts: readonly MountRequest[],
  appMounts: readonly MountRequest[],
  app: string,
): readonly MountPlan[] {
  const wanted = [
    ...image.mountPoints.map(({ name, path, readOnly }) => ({
      volume: name,
      target: path,
      readOnly,
    })),
    ...[...podMounts, ...appMounts].map((mount) => ({ ...mount, readOnly: false })),
  ];
  const byTarget = new Map<string, MountPlan>();
  for (const { volume: name, target: path, readOnly } of wanted) {
    const target = cleanPath(path);
    const volume = volumes.find((candidate) => candidate.name === name);
    if (volume === undefined) {
      throw new UsageError(`dangling mount point "${target}": volume "${name}" not found`);
    }
    if (!AC_NAME.test(name) || !target.startsWith("/") || target === "/") {
      throw new UsageError(`Cannot mount volume "${name}" at "${path}" of app "${app}"`);
    }
    byTarget.delete(target);
    byTarget.set(target, { volume: name, target, readOnly: readOnly || volume.readOnly });
  }
  const mounts = [...byTarget.values()];
  refuseInsideShared(mounts, volumes);
  return mounts.sort((a, b) => depth(a.target) - depth(b.target));
}

/** What is mounted inside a shared volume is mounted on the host as well, and stays there when the pod is over. */
function refuseInsideShared(mounts: readonly MountPlan[], volumes: readonly Volume[]): void {
  for (const outer of mounts) {
    const volume = volumes.find(({ name }) => name === outer.volume);
    const inner = mounts.find(({ target }) => target.startsWith(`${outer.target}/`));
    if (volume?.kind === "host" && volume.propagation === "shared" && inner !== undefined) {
      throw new UsageError(
        `Cannot mount volume "${inner.volume}" at "${inner.target}": that is inside volume "${outer.volume}", which is shared with the host`,
      );
    }
  }
}

function depth(path: string): number {
  return path.split("/").length;
}
