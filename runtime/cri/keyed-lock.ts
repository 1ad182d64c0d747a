// SPDX-License-Identifier: Apache-2.0
// One thing at a time per key: operations on one pod or container wait for each other, those on different ones never do.

/** Waits are served in the order in which they came. Not reentrant: a task must not ask for the key that it holds. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `task` when all earlier tasks of `key` have ended, however they ended. */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const running = before.then(task);
    const tail = running.then(
      () => {},
      () => {},
    );
    this.#tails.set(key, tail);
    try {
      return await running;
    } finally {
      if (this.#tails.get(key) === tail) {
        this.#tails.delete(key);
      }
    }
  }

  /** Keys that somebody holds. */
  get size(): number {
    return this.#tails.size;
  }
}
