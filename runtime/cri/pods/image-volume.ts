// SPDX-License-Identifier: Apache-2.0
// An image as a read-only volume (Mount.image): rendered, mounted beside the container, seen from a sub-path if one is wanted.
import { mountReadOnlyOverlay } from "../../stage1/overlay.ts";
import { MS_BIND, MS_RDONLY, MS_REMOUNT, O_DIRECTORY, O_PATH } from "../../system/constants.ts";
import { isMissing } from "../../system/files.ts";
import type { System } from "../../system/system.ts";
import type { ContainerConfig, Mount } from "../api-schema.ts";
import type { CriContext } from "../context.ts";
import { ReasonedError } from "../errors.ts";

/**
 * The config with the id of each image that is a volume beside its name: ContainerStatus says from which image a mount was made.
 * One that is not in the store stays as it is, to be refused when it is mounted.
 */
export async function withImageRefs(
  { images }: CriContext,
  config: ContainerConfig,
): Promise<ContainerConfig> {
  const mounts = config.mounts.map(async (mount) => {
    const image = mount.image === undefined ? undefined : await images.find(mount.image.image);
    return mount.image === undefined || image === undefined
      ? mount
      : { ...mount, image: { ...mount.image, imageRef: image.id } };
  });
  return { ...config, mounts: await Promise.all(mounts) };
}

/** Mounts it at `target` and answers the path that the container is to see. */
export async function mountImageVolume(
  context: CriContext,
  mount: Mount,
  target: string,
): Promise<string> {
  const { system, images } = context;
  const reference = mount.image?.image ?? "";
  const image = await images.find(reference);
  if (image === undefined) {
    throw new ReasonedError(
      "ImageVolumeMountFailed",
      `Cannot mount image "${reference}" at "${mount.containerPath}": it is not in the store`,
    );
  }
  const lower = await images.rootfs(image.id);
  await system.files.mkdirp(target);
  mountReadOnly(system, lower, target);
  return mount.imageSubPath === "" ? target : subPath(system, mount, target);
}

/** overlayfs wants two directories when nothing is written; one alone is simply bound. */
function mountReadOnly(system: System, lower: readonly string[], target: string): void {
  const [only, ...others] = lower;
  if (only !== undefined && others.length === 0) {
    system.kernel.mount(only, target, "none", MS_BIND);
    system.kernel.mount("none", target, "none", MS_BIND | MS_REMOUNT | MS_RDONLY);
    return;
  }
  mountReadOnlyOverlay(system, { layers: lower, target });
}

/** The sub-path must exist and, links resolved, be inside the image. */
function subPath(system: System, mount: Mount, target: string): string {
  const fail = (why: string, cause?: unknown): never => {
    throw new ReasonedError(
      "ImageVolumeMountFailed",
      `Cannot mount sub-path "${mount.imageSubPath}" of image "${mount.image?.image}": ${why}`,
      { cause },
    );
  };
  if (mount.imageSubPath.startsWith("/") || mount.imageSubPath.split("/").includes("..")) {
    return fail('expected a relative path without ".."');
  }
  const root = system.files.openSync(target, O_PATH | O_DIRECTORY);
  try {
    const fd = system.kernel.openBeneath(root, mount.imageSubPath, O_PATH);
    try {
      return system.files.readlinkSync(`/proc/self/fd/${fd}`);
    } finally {
      system.files.closeSync(fd);
    }
  } catch (cause) {
    return isMissing(cause)
      ? fail("the image has no such path", cause)
      : fail("it leads out of the image", cause);
  } finally {
    system.files.closeSync(root);
  }
}
