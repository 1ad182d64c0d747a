// SPDX-License-Identifier: Apache-2.0
// A mount namespace of our own, in which all mounts of a pod started by hand live: they are gone with its last process,
// however that ends, and the host never sees them. What was mounted on the host before is taken along as slaves.
import { UsageError } from "../errors.ts";
import {
  CLONE_NEWNS,
  MOUNT_ATTR_RDONLY,
  MS_PRIVATE,
  MS_REC,
  MS_SLAVE,
} from "../system/constants.ts";
import { isMissing } from "../system/files.ts";
import { errnoOf } from "../system/kernel.ts";
import type { System } from "../system/system.ts";

/** How mounts travel between the host and a volume. */
export type Propagation = "shared" | "slave" | "private";

/** A tree of the host's that an app will see somewhere. */
export interface TreeRequest {
  /** For errors: `volume "kubelet"`. */
  readonly what: string;
  readonly source: string;
  readonly recursive: boolean;
  readonly readOnly: boolean;
  readonly propagation: Propagation;
}

/**
 * Moves this thread into a new mount namespace and takes copies of the trees, in the order of the requests, each a
 * descriptor to be placed with {@link Kernel.placeTree}. Shared ones are taken before everything becomes a slave, so they
 * stay in one peer group with the host.
 *
 * Afterwards only synchronous file functions may be used (see system/kernel.ts).
 */
export function enterMountNamespace(
  system: System,
  requests: readonly TreeRequest[],
): readonly number[] {
  const { kernel } = system;
  kernel.unshare(CLONE_NEWNS);
  const trees = new Map<TreeRequest, number>();
  for (const request of requests.filter(({ propagation }) => propagation === "shared")) {
    requireShared(system, request);
    trees.set(request, takeTree(system, request));
  }
  kernel.mount("none", "/", "none", MS_REC | MS_SLAVE);
  for (const request of requests.filter(({ propagation }) => propagation !== "shared")) {
    trees.set(request, takeTree(system, request));
  }
  return requests.map((request) => trees.get(request) ?? -1);
}

function takeTree(system: System, request: TreeRequest): number {
  const { kernel } = system;
  const { what, source, recursive, readOnly, propagation } = request;
  try {
    const tree = kernel.cloneTree(source, { recursive });
    if (readOnly || propagation === "private") {
      kernel.setMountAttributes(tree, {
        recursive: true,
        ...(readOnly ? { set: MOUNT_ATTR_RDONLY } : {}),
        ...(propagation === "private" ? { propagation: MS_PRIVATE } : {}),
      });
    }
    return tree;
  } catch (cause) {
    const reason = errnoOf(cause) === "ENOENT" ? "it does not exist" : errnoOf(cause);
    throw new UsageError(`Cannot mount ${what} from "${source}": ${reason}`, { cause });
  }
}

/** Without a shared mount on the host nothing could travel, and pods would find empty directories: better said now. */
function requireShared(system: System, { what, source }: TreeRequest): void {
  let real: string;
  try {
    real = system.files.realpathSync(source);
  } catch (cause) {
    const reason = isMissing(cause) ? "it does not exist" : errnoOf(cause);
    throw new UsageError(`Cannot mount ${what} from "${source}": ${reason}`, { cause });
  }
  const mount = mountOf(system.files.readTextSync("/proc/thread-self/mountinfo"), real);
  if (mount?.shared !== true) {
    throw new UsageError(
      `Cannot share ${what} with the host: "${source}" is not on a shared mount (mount --bind --make-shared ${source} ${source})`,
    );
  }
}

/** The mount that a path is on, out of proc(5) mountinfo: the last of the longest mount points that contain it. */
export function mountOf(
  mountinfo: string,
  path: string,
): { readonly mountPoint: string; readonly shared: boolean } | undefined {
  let best: { readonly mountPoint: string; readonly shared: boolean } | undefined;
  for (const line of mountinfo.split("\n")) {
    const fields = line.split(" ");
    const mountPoint = (fields[4] ?? "").replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const contains = mountPoint === "/" || path === mountPoint || path.startsWith(`${mountPoint}/`);
    if (mountPoint !== "" && contains && mountPoint.length >= (best?.mountPoint.length ?? 0)) {
      const end = fields.indexOf("-");
      const optional = fields.slice(6, end < 0 ? undefined : end);
      best = { mountPoint, shared: optional.some((field) => field.startsWith("shared:")) };
    }
  }
  return best;
}
