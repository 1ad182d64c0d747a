// SPDX-License-Identifier: Apache-2.0
// What fly does to make an app's root and become the app: data, made by a pure function, carried out by run.ts.
import { posix } from "node:path";
import type { Propagation } from "../mount-namespace.ts";

export interface FlyVolume {
  readonly name: string;
  readonly source: string;
  readonly target: string;
  readonly recursive: boolean;
  readonly readOnly: boolean;
  readonly propagation: Propagation;
}

export type FlyMount =
  | {
      readonly kind: "bind";
      readonly what: string;
      readonly source: string;
      readonly target: string;
      readonly recursive: boolean;
      readonly readOnly: boolean;
      readonly propagation: Propagation;
    }
  | { readonly kind: "tmpfs"; readonly target: string; readonly options: string };

export interface FlyMountInput {
  readonly volumes: readonly FlyVolume[];
  /** Files of the host or of the pod to be seen as /etc/resolv.conf and /etc/hosts; undefined leaves the image's. */
  readonly resolvConf: string | undefined;
  readonly hosts: string | undefined;
}

/** What every app of fly sees of the host, by rkt's rule. */
const HOST_TREES = ["/dev", "/proc", "/sys"] as const;

/**
 * The host's /dev, /proc and /sys, a /tmp of its own, then the volumes: parents before children, otherwise in the order
 * given. A volume at the place of one of these replaces it.
 */
export function planFlyMounts(input: FlyMountInput): readonly FlyMount[] {
  const taken = new Set(input.volumes.map(({ target }) => target));
  const free = (target: string) => !taken.has(target);
  const trees: readonly FlyMount[] = HOST_TREES.filter(free).map((path) => ({
    kind: "bind",
    what: `"${path}"`,
    source: path,
    target: path,
    recursive: true,
    readOnly: false,
    propagation: "slave",
  }));
  const tmp: readonly FlyMount[] = free("/tmp")
    ? [{ kind: "tmpfs", target: "/tmp", options: "mode=1777" }]
    : [];
  const files: readonly FlyMount[] = (
    [
      ["/etc/resolv.conf", input.resolvConf],
      ["/etc/hosts", input.hosts],
    ] as const
  ).flatMap(([target, source]): readonly FlyMount[] =>
    source === undefined || !free(target)
      ? []
      : [
          {
            kind: "bind",
            what: `"${target}"`,
            source,
            target,
            recursive: false,
            readOnly: false,
            propagation: "slave",
          },
        ],
  );
  const volumes = input.volumes.map(
    ({ name, ...volume }): FlyMount => ({ kind: "bind", what: `volume "${name}"`, ...volume }),
  );
  return [...trees, ...tmp, ...volumes, ...files].sort((a, b) => depth(a.target) - depth(b.target));
}

export interface FlyUser {
  readonly uid: number;
  readonly gid: number;
  readonly gids: readonly number[];
  readonly home: string;
  readonly name: string;
  readonly shell: string;
}

/** rkt's defaults below the app's own variables; fly sets no AC_* ones. */
export function flyEnvironment(
  app: readonly { readonly name: string; readonly value: string }[],
  user: FlyUser,
  defaultPath: string,
): Readonly<Record<string, string>> {
  return {
    PATH: defaultPath,
    SHELL: user.shell,
    USER: user.name,
    LOGNAME: user.name,
    HOME: user.home,
    ...Object.fromEntries(app.map(({ name, value }) => [name, value])),
  };
}

function depth(path: string): number {
  return posix.normalize(path).split("/").length;
}
