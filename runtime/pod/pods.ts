// SPDX-License-Identifier: Apache-2.0
// All pods of a data directory: making them, finding them while others move them, listing them.
import { join } from "node:path";
import { NotFoundError } from "../errors.ts";
import { LOCK_EX, LOCK_SH, O_CREAT, O_RDWR } from "../system/constants.ts";
import { errnoOf } from "../system/kernel.ts";
import type { System } from "../system/system.ts";
import { POD_FILES, Pod } from "./pod.ts";
import { PHASES, type Phase } from "./state.ts";
import { isPodUuid, matchUuid, newPodUuid, type PodUuid } from "./uuid.ts";

/** Where users' pods are looked for, in rkt's order: neither unborn ones nor garbage. */
export const VISIBLE_PHASES: readonly Phase[] = ["run", "exited-garbage", "prepare", "prepared"];

/** A pod may be moved between two looks, a few times at most in its life. */
const MOVES = PHASES.length;

export class Pods {
  readonly dir: string;
  readonly #system: System;
  readonly #locksDir: string;

  constructor(system: System, dataDir: string) {
    this.#system = system;
    this.dir = join(dataDir, "pods");
    this.#locksDir = join(dataDir, "locks");
  }

  /** A new pod in `prepare`, its lock held by the answered handle. */
  create(uuid: PodUuid = newPodUuid()): Pod {
    return this.#create(uuid, Pod.open);
  }

  /** As create, with a handle that leads nowhere else: see {@link Pod.openAlone}. */
  createAlone(uuid: PodUuid): Pod {
    return this.#create(uuid, Pod.openAlone);
  }

  #create(uuid: PodUuid, open: typeof Pod.open): Pod {
    const { files, kernel } = this.#system;
    for (const phase of PHASES) {
      files.mkdirpSync(join(this.dir, phase), { mode: 0o750 });
    }
    files.mkdirSync(join(this.dir, "embryo", uuid), { mode: 0o750 });
    const pod = open(this.#system, this.dir, uuid, "embryo");
    if (pod === undefined) {
      throw new NotFoundError(`Cannot make pod "${uuid}": it was removed at once`);
    }
    try {
      // A collector may hold it for a moment; if that one was quicker than us the rename fails.
      kernel.flock(pod.lockFd, LOCK_EX);
      pod.moveTo("prepare");
      files.writeFileSync(pod.path(POD_FILES.created), "");
    } catch (cause) {
      pod.close();
      throw cause;
    }
    return pod;
  }

  /** The UUIDs in these phases, sorted. */
  uuids(phases: readonly Phase[]): readonly PodUuid[] {
    const found = phases.flatMap((phase) =>
      this.#system.files.listNamesSync(join(this.dir, phase)).filter(isPodUuid),
    );
    return [...new Set(found)].sort();
  }

  /** Open handle; undefined when there is no such pod. Looks again when it was moved between two looks. */
  find(uuid: PodUuid, phases: readonly Phase[] = VISIBLE_PHASES): Pod | undefined {
    for (let look = 0; look < MOVES; look += 1) {
      for (const phase of phases) {
        const pod = Pod.open(this.#system, this.dir, uuid, phase);
        if (pod?.isStillThere() === true) {
          return pod;
        }
        pod?.close();
      }
      if (!PHASES.some((phase) => this.#system.files.existsSync(join(this.dir, phase, uuid)))) {
        return undefined;
      }
    }
    return undefined;
  }

  /** The visible pod whose UUID begins so; throws as {@link matchUuid}, and NotFoundError when it went away. */
  get(prefix: string): Pod {
    const uuid = matchUuid(prefix, this.uuids(VISIBLE_PHASES));
    const pod = this.find(uuid);
    if (pod === undefined) {
      throw new NotFoundError(`no matches found for "${prefix}"`);
    }
    return pod;
  }

  /** Calls `visit` with an open handle on each pod; those that go away meanwhile are left out. */
  async each<Result>(
    phases: readonly Phase[],
    visit: (pod: Pod) => Promise<Result>,
  ): Promise<readonly Result[]> {
    const results: Result[] = [];
    for (const uuid of this.uuids(phases)) {
      const pod = this.find(uuid, phases);
      if (pod === undefined) {
        continue;
      }
      try {
        results.push(await visit(pod));
      } finally {
        pod.close();
      }
    }
    return results;
  }

  /**
   * Held, shared, while a pod is prepared; image gc takes it exclusively, so that no image goes away between its
   * resolution and the pod's record of it. Closing the descriptor gives it back.
   */
  prepareLock(kind: "shared" | "exclusive"): Disposable {
    const { files, kernel } = this.#system;
    files.mkdirpSync(this.#locksDir, { mode: 0o750 });
    const fd = files.openSync(join(this.#locksDir, "prepareLock"), O_RDWR | O_CREAT, 0o640);
    try {
      kernel.flock(fd, kind === "shared" ? LOCK_SH : LOCK_EX);
    } catch (cause) {
      files.closeSync(fd);
      throw cause;
    }
    let open = true;
    return {
      [Symbol.dispose]: () => {
        if (open) {
          open = false;
          files.closeSync(fd);
        }
      },
    };
  }
}

/** The UUID in a file, without the white space around it. Throws NotFoundError when the file cannot be read. */
export function readUuidFile(system: System, path: string): string {
  try {
    return system.files.readTextSync(path).trim();
  } catch (cause) {
    throw new NotFoundError(`Cannot read UUID file "${path}": ${errnoOf(cause)}`, { cause });
  }
}
