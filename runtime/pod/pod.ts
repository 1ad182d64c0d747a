// SPDX-License-Identifier: Apache-2.0
// One pod's directory, open: its lock, its moves from phase to phase, and the files in it.
import { dirname, join } from "node:path";
import { LockedError, NotFoundError } from "../errors.ts";
import { LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, O_DIRECTORY } from "../system/constants.ts";
import { isMissing } from "../system/files.ts";
import type { System } from "../system/system.ts";
import { type LockReading, type Phase, type PodState, podState } from "./state.ts";
import type { PodUuid } from "./uuid.ts";

export const POD_FILES = {
  /** The pod manifest (appc JSON). */
  manifest: "pod",
  /** Empty; its mtime is when the pod was made. */
  created: "pod-created",
  /** JSON, the identity of the process that the pod became; its mtime is when the pod was started. */
  started: "started",
  /** The host pid of the app (fly: the very process that `run` was). */
  pid: "pid",
  /** What the network plugins answered. */
  network: "network.json",
  apps: "apps",
  volumes: "volumes",
} as const;

/**
 * A handle on one pod. The descriptor of the directory carries the lock: it must be closed, or deliberately kept over exec
 * (then the lock dies with the last process that has it). All methods are synchronous: they are few and short, and some are
 * called where only synchronous ones may be (see system/kernel.ts).
 */
export class Pod {
  readonly uuid: PodUuid;
  readonly #system: System;
  readonly #podsDir: string;
  readonly #fd: number;
  #phase: Phase;
  #open = true;

  private constructor(system: System, podsDir: string, uuid: PodUuid, phase: Phase, fd: number) {
    this.#system = system;
    this.#podsDir = podsDir;
    this.uuid = uuid;
    this.#phase = phase;
    this.#fd = fd;
  }

  /**
   * As open, by a mount of the directory alone that is nowhere: who inherits the descriptor, as an app of the fly flavour does with
   * the lock, finds no way out of the pod's directory by "..". Needs the right to mount.
   */
  static openAlone(system: System, podsDir: string, uuid: PodUuid, phase: Phase): Pod {
    const tree = system.kernel.cloneTree(join(podsDir, phase, uuid));
    try {
      const fd = system.files.openSync(`/proc/self/fd/${tree}/.`, O_DIRECTORY);
      return new Pod(system, podsDir, uuid, phase, fd);
    } finally {
      system.files.closeSync(tree);
    }
  }

  /** undefined when the pod is not in that phase. */
  static open(system: System, podsDir: string, uuid: PodUuid, phase: Phase): Pod | undefined {
    const path = join(podsDir, phase, uuid);
    let fd: number;
    try {
      fd = system.files.openSync(path, O_DIRECTORY);
    } catch (cause) {
      if (isMissing(cause)) {
        return undefined;
      }
      throw cause;
    }
    return new Pod(system, podsDir, uuid, phase, fd);
  }

  get phase(): Phase {
    return this.#phase;
  }

  get dir(): string {
    return join(this.#podsDir, this.#phase, this.uuid);
  }

  /** For {@link Kernel.setInheritable}. */
  get lockFd(): number {
    return this.#fd;
  }

  path(...names: readonly string[]): string {
    return join(this.dir, ...names);
  }

  /** Whether the directory is still where it was found: another process may have moved or removed it. */
  isStillThere(): boolean {
    const { files } = this.#system;
    try {
      const [there, here] = [files.statSync(this.dir), files.fstatSync(this.#fd)];
      return there.ino === here.ino && there.dev === here.dev;
    } catch (cause) {
      if (isMissing(cause)) {
        return false;
      }
      throw cause;
    }
  }

  /** Whether somebody holds the pod's lock exclusively. Takes and gives back a shared one. */
  readLock(): LockReading {
    const { kernel } = this.#system;
    if (!kernel.flock(this.#fd, LOCK_SH | LOCK_NB)) {
      return "held";
    }
    kernel.flock(this.#fd, LOCK_UN);
    return "free";
  }

  state(): PodState {
    return podState(this.#phase, this.readLock());
  }

  /** false when somebody else holds it. */
  tryLock(): boolean {
    return this.#system.kernel.flock(this.#fd, LOCK_EX | LOCK_NB);
  }

  /**
   * As tryLock, but waits out the readers, who hold the lock for microseconds. Throws LockedError when it is held for
   * longer, NotFoundError when the pod was moved or removed meanwhile.
   */
  async lock(): Promise<void> {
    const attempts = 20;
    for (let attempt = 1; !this.tryLock(); attempt += 1) {
      if (attempt === attempts) {
        throw new LockedError(`Cannot lock pod "${this.uuid}": somebody else works on it`);
      }
      await this.#system.clock.sleep(5);
    }
    if (!this.isStillThere()) {
      throw new NotFoundError(
        `Cannot lock pod "${this.uuid}": it is not in "${this.phase}" any more`,
      );
    }
  }

  /** rename(2) and fsync of the directory it comes into. The caller holds the lock. */
  moveTo(phase: Phase): void {
    const { files } = this.#system;
    const target = join(this.#podsDir, phase, this.uuid);
    files.mkdirpSync(dirname(target), { mode: 0o750 });
    files.renameSync(this.dir, target);
    this.#phase = phase;
    files.fsyncDirSync(dirname(target));
  }

  /** Gives the lock back, unless another process has inherited it. */
  close(): void {
    if (this.#open) {
      this.#open = false;
      this.#system.files.closeSync(this.#fd);
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
