// SPDX-License-Identifier: Apache-2.0
// Volumes of a container: the kubelet's mounts, then what every pod shares (resolv.conf, hostname, hosts, /dev/shm).
import { posix } from "node:path";
import { assertNever, InvalidManifestError, UsageError } from "../../errors.ts";
import type { AppMount, BindMount, MountPropagation } from "../../stage1/app-plan.ts";
import { MountPropagation as CriPropagation, type Mount } from "../api-schema.ts";

/** Host paths of the pod's own files; undefined where the container is to see none. */
export interface PodFiles {
  readonly resolvConf: string | undefined;
  readonly hostname: string | undefined;
  readonly hosts: string | undefined;
  readonly shm: string | undefined;
}

/**
 * The plan's mounts. `sources` has the real host path of each mount, links resolved, in the same order: the kubelet's
 * paths may be links, and mount(2) of a link's target is what users mean.
 */
export function appMounts(
  mounts: readonly Mount[],
  sources: readonly string[],
  pod: PodFiles,
  options: { readonly readOnlyRootfs: boolean },
): readonly AppMount[] {
  const own = mounts.map((mount, index) => bindMount(mount, sources[index] ?? mount.hostPath));
  const taken = new Set(own.map(({ target }) => target));
  const shared = [
    podFile(pod.hostname, "/etc/hostname", options.readOnlyRootfs),
    podFile(pod.hosts, "/etc/hosts", options.readOnlyRootfs),
    podFile(pod.resolvConf, "/etc/resolv.conf", options.readOnlyRootfs),
    podFile(pod.shm, "/dev/shm", false),
  ].filter((mount) => mount !== undefined);
  return [...shared.filter(({ target }) => !taken.has(target) && !taken.has("/dev")), ...own];
}

/** Refuses mounts that say something impossible, before anything is made. */
export function checkMount(mount: Mount): void {
  if (mount.containerPath === "") {
    throw new UsageError("Cannot mount a volume: container_path is empty");
  }
  if (mount.image !== undefined) {
    if (!mount.readonly) {
      throw new UsageError(
        `Cannot mount image at "${mount.containerPath}": image volumes must be read-only`,
      );
    }
  } else if (!mount.hostPath.startsWith("/")) {
    throw new UsageError(
      `Cannot mount at "${mount.containerPath}": host path "${mount.hostPath}" is not absolute`,
    );
  }
  if (mount.recursiveReadOnly) {
    if (!mount.readonly) {
      throw new UsageError(
        `Cannot mount at "${mount.containerPath}": recursive_read_only needs readonly`,
      );
    }
    if (mount.propagation !== CriPropagation.PROPAGATION_PRIVATE) {
      throw new UsageError(
        `Cannot mount at "${mount.containerPath}": recursive_read_only needs private propagation`,
      );
    }
  }
  if (mount.uidMappings.length > 0 || mount.gidMappings.length > 0) {
    throw new UsageError(
      `Cannot mount at "${mount.containerPath}": id-mapped mounts need user namespaces, which corefly does not offer`,
    );
  }
}

/** What the host's mount must be for the wish: checked against /proc/self/mountinfo by {@link checkPropagation}. */
export function checkPropagation(mount: Mount, source: string, mountinfo: string): void {
  if (mount.propagation === CriPropagation.PROPAGATION_PRIVATE) {
    return;
  }
  const options = optionalFields(source, mountinfo);
  const shared = options.some((field) => field.startsWith("shared:"));
  const slave = options.some((field) => field.startsWith("master:"));
  if (mount.propagation === CriPropagation.PROPAGATION_BIDIRECTIONAL && !shared) {
    throw new UsageError(
      `Cannot mount "${mount.hostPath}" bidirectionally: it is not on a shared mount of the host`,
    );
  }
  if (mount.propagation === CriPropagation.PROPAGATION_HOST_TO_CONTAINER && !shared && !slave) {
    throw new UsageError(
      `Cannot mount "${mount.hostPath}" with host-to-container propagation: it is not on a shared or slave mount of the host`,
    );
  }
}

function bindMount(mount: Mount, source: string): BindMount {
  return {
    kind: "bind",
    source,
    target: absolute(mount.containerPath),
    readOnly: mount.readonly,
    recursiveReadOnly: mount.recursiveReadOnly,
    propagation: propagation(mount.propagation),
  };
}

function podFile(
  source: string | undefined,
  target: string,
  readOnly: boolean,
): BindMount | undefined {
  return source === undefined
    ? undefined
    : { kind: "bind", source, target, readOnly, recursiveReadOnly: false, propagation: "private" };
}

/** Kubernetes lets a mountPath be relative to the root. */
function absolute(path: string): string {
  return posix.normalize(posix.join("/", path)).replace(/(.)\/+$/, "$1");
}

function propagation(wanted: CriPropagation): MountPropagation {
  switch (wanted) {
    case CriPropagation.PROPAGATION_PRIVATE:
      return "private";
    case CriPropagation.PROPAGATION_HOST_TO_CONTAINER:
      return "rslave";
    case CriPropagation.PROPAGATION_BIDIRECTIONAL:
      return "rshared";
    default:
      return unknownPropagation(wanted);
  }
}

function unknownPropagation(wanted: CriPropagation): never {
  if (typeof wanted === "number") {
    throw new InvalidManifestError(`Cannot use mount propagation ${wanted}: expected 0, 1 or 2`);
  }
  return assertNever(wanted);
}

/** The optional fields (shared:N, master:N) of the mount that `path` is on (proc(5), mountinfo). */
function optionalFields(path: string, mountinfo: string): readonly string[] {
  let best: { readonly length: number; readonly fields: readonly string[] } = {
    length: -1,
    fields: [],
  };
  for (const line of mountinfo.split("\n")) {
    const fields = line.split(" ");
    const target = unescapeOctal(fields[4] ?? "");
    const covers = path === target || target === "/" || path.startsWith(`${target}/`);
    // Later lines lie over earlier ones of the same place.
    if (target !== "" && covers && target.length >= best.length) {
      best = { length: target.length, fields: fields.slice(6, fields.indexOf("-", 6)) };
    }
  }
  return best.fields;
}

function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
