// SPDX-License-Identifier: Apache-2.0
// Finds where an entry of an image is created: below the root of its tree and nowhere else, whatever the archive says.
//
// Every path is resolved here, part by part, symlinks inside the tree; the directory that comes out is opened with openat2
// RESOLVE_BENEATH from the tree's own descriptor, so that the kernel vouches for it, and everything is done to a single name
// below that descriptor. Nobody else writes into the tree: it lies in a private directory of the store.
import { InvalidArchiveError } from "../../errors.ts";
import { display } from "../../image/tar/entry.ts";
import { O_DIRECTORY, O_NOFOLLOW, O_PATH } from "../../system/constants.ts";
import type { Stats } from "../../system/files.ts";
import { errnoOf } from "../../system/kernel.ts";
import type { System } from "../../system/system.ts";
import { isAtOrBelow, joinBytes, type LowerTrees, pathBytes } from "./lower-trees.ts";

/** A name in the directory that is open: where something is created. Good until the next place is asked for. */
export interface Place {
  /** From the tree's root, resolved: no part of it but the last can be a symlink. */
  readonly path: string;
  /** For node:fs: the same through /proc/self/fd. */
  readonly target: Buffer;
  readonly existing: Stats | undefined;
}

const MAX_SYMLINKS = 40;

export class Places {
  readonly #root: string;
  readonly #rootFd: number;
  readonly #lowers: LowerTrees;
  readonly #system: System;
  readonly #implyDirectory: (place: Place) => void;
  #open: { readonly asked: string; readonly path: string; readonly fd: number } | undefined;

  /** `implyDirectory` makes one that is missing on the way to a place; it may call {@link forget}. */
  constructor(
    root: string,
    lowers: LowerTrees,
    system: System,
    implyDirectory: (place: Place) => void,
  ) {
    this.#root = root;
    this.#rootFd = system.files.openSync(root, O_PATH | O_DIRECTORY);
    this.#lowers = lowers;
    this.#system = system;
    this.#implyDirectory = implyDirectory;
  }

  /** Makes the directories above `path` that are missing. `path` must have been cleaned (see entry-path.ts). */
  find(path: string): Place {
    const slash = path.lastIndexOf("/");
    const directory = this.#directory(slash < 0 ? "" : path.slice(0, slash));
    const name = path.slice(slash + 1);
    const target = pathBytes(`/proc/self/fd/${directory.fd}/${name}`);
    return {
      path: directory.path === "" ? name : `${directory.path}/${name}`,
      target,
      existing: this.#system.files.lstatSync(target, { throwIfNoEntry: false }),
    };
  }

  /** The tree's own directory, which has no name that could be replaced. */
  root(): Place {
    return {
      path: "",
      target: pathBytes(`/proc/self/fd/${this.#rootFd}/.`),
      existing: this.#system.files.lstatSync(this.#root),
    };
  }

  /** The directory of a place, which stays open whatever place is asked for next. The caller closes it. */
  openParent({ path }: Place): number {
    const slash = path.lastIndexOf("/");
    return this.#openBeneath(slash < 0 ? "" : path.slice(0, slash));
  }

  /**
   * The regular file that an earlier place now has, as an O_PATH descriptor that the caller closes. undefined when something
   * else is there: nothing but a regular file may be opened for reading, as that alone can have effects.
   */
  openFile(path: string): number | undefined {
    const fd = this.#openIfBeneath(path);
    if (fd === undefined || this.#system.files.fstatSync(fd).isFile()) {
      return fd;
    }
    this.#system.files.closeSync(fd);
    return undefined;
  }

  /** Something else will be at this path. */
  forget(path: string): void {
    const open = this.#open;
    if (open !== undefined && (isAtOrBelow(open.path, path) || isAtOrBelow(open.asked, path))) {
      this.#closeOpen();
    }
  }

  close(): void {
    this.#closeOpen();
    this.#system.files.closeSync(this.#rootFd);
  }

  #directory(asked: string): { readonly path: string; readonly fd: number } {
    if (this.#open?.asked === asked) {
      return this.#open;
    }
    const { path, isPlain } = this.#resolve(asked);
    this.#closeOpen();
    const fd = this.#openBeneath(path);
    // One that was reached through symlinks is asked for by the empty name that nobody asks for again.
    this.#open = { asked: isPlain ? asked : `${asked}/`, path, fd };
    return this.#open;
  }

  #openBeneath(path: string): number {
    const name = pathBytes(path === "" ? "." : path);
    return this.#system.kernel.openBeneath(this.#rootFd, name, O_PATH | O_DIRECTORY);
  }

  #openIfBeneath(path: string): number | undefined {
    try {
      return this.#system.kernel.openBeneath(this.#rootFd, pathBytes(path), O_PATH | O_NOFOLLOW);
    } catch (cause) {
      if (["ENOENT", "ENOTDIR", "EXDEV", "ELOOP", "ENAMETOOLONG"].includes(errnoOf(cause))) {
        return undefined;
      }
      throw cause;
    }
  }

  #closeOpen(): void {
    if (this.#open !== undefined) {
      this.#system.files.closeSync(this.#open.fd);
      this.#open = undefined;
    }
  }

  /** Follows symlinks of this tree and of the lower ones as the app would, and makes what is missing. */
  #resolve(asked: string): { readonly path: string; readonly isPlain: boolean } {
    const pending = asked.split("/").filter((part) => part !== "");
    let at: string[] = [];
    let links = 0;
    for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
      if (part === "." || part === "..") {
        at = part === ".." ? at.slice(0, -1) : at;
        continue;
      }
      const path = [...at, part].join("/");
      const link = this.#enter(path);
      if (link === undefined) {
        at = [...at, part];
        continue;
      }
      links += 1;
      if (links > MAX_SYMLINKS) {
        throw new InvalidArchiveError(
          `Cannot unpack image: entry below "${display(asked)}" leads through more than ${MAX_SYMLINKS} symlinks`,
        );
      }
      at = link.startsWith("/") ? [] : at;
      pending.unshift(...link.split("/").filter((name) => name !== ""));
    }
    return { path: at.join("/"), isPlain: links === 0 };
  }

  /** After this `path` is a directory of this tree, or the target of the symlink that is there is answered. */
  #enter(path: string): string | undefined {
    const { files } = this.#system;
    const own = joinBytes(this.#root, path);
    const existing = files.lstatSync(own, { throwIfNoEntry: false });
    if (existing?.isDirectory() === true) {
      return undefined;
    }
    if (existing?.isSymbolicLink() === true) {
      return files.readlinkSync(own, "latin1");
    }
    const lower = existing === undefined ? this.#lowers.find(path) : undefined;
    if (lower?.stats.isSymbolicLink() === true) {
      return files.readlinkSync(lower.path, "latin1");
    }
    this.#implyDirectory({ path, target: own, existing });
    return undefined;
  }
}
