// SPDX-License-Identifier: Apache-2.0
// The way back into the mount namespace that this thread was in: the namespace, its root and its working directory.
// setns(2) moves a thread to the root of the namespace, which is not where a process in a chroot came from.
import { CLONE_NEWNS, O_CLOEXEC, O_DIRECTORY, O_PATH, O_RDONLY } from "./constants.ts";
import type { System } from "./system.ts";

const NAMESPACE = "/proc/thread-self/ns/mnt";

/** Remember it before leaving, return on the same thread, close in the end. All of it is synchronous. */
export class MountHome {
  readonly #system: System;
  readonly #namespace: number;
  readonly #root: number;
  readonly #directory: string;

  constructor(system: System) {
    const { files } = system;
    this.#system = system;
    this.#namespace = files.openSync(NAMESPACE, O_RDONLY | O_CLOEXEC);
    this.#root = files.openSync("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    this.#directory = process.cwd();
  }

  /** Back to where the thread was; nothing when it never left: setns(2) refuses such threads. */
  return(): void {
    const { files, kernel } = this.#system;
    if (files.statSync(NAMESPACE).ino === files.fstatSync(this.#namespace).ino) {
      return;
    }
    kernel.setns(this.#namespace, CLONE_NEWNS);
    kernel.chroot(`/proc/self/fd/${this.#root}`);
    process.chdir(this.#directory);
  }

  close(): void {
    const { files } = this.#system;
    files.closeSync(this.#root);
    files.closeSync(this.#namespace);
  }
}
