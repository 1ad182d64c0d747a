// SPDX-License-Identifier: Apache-2.0
// The inside of an app's root, seen from outside: every path is resolved by the kernel within that directory (openat2), so
// that no symlink of an image leads out of it. For the synchronous part of a start.
import { InvalidArchiveError, SystemError } from "../errors.ts";
import {
  O_CREAT,
  O_DIRECTORY,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  S_IFDIR,
  S_IFMT,
  S_IFREG,
} from "../system/constants.ts";
import { errnoOf } from "../system/kernel.ts";
import type { System } from "../system/system.ts";

/** Of passwd and group files. */
const MAX_TEXT_BYTES = 4 * 1024 * 1024;

export class RootDirectory {
  readonly #system: System;
  readonly #fd: number;

  constructor(system: System, path: string) {
    this.#system = system;
    this.#fd = system.files.openSync(path, O_PATH | O_DIRECTORY);
  }

  close(): void {
    this.#system.files.closeSync(this.#fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * undefined when there is no such file. Throws InvalidArchiveError for what is not a regular file or is too large: images
   * are written by strangers.
   */
  readText(path: string): string | undefined {
    const fd = this.#find(path, O_RDONLY | O_NONBLOCK);
    if (fd === undefined) {
      return undefined;
    }
    const { files } = this.#system;
    try {
      const { mode, size } = files.fstatSync(fd);
      if ((mode & S_IFMT) !== S_IFREG || size > MAX_TEXT_BYTES) {
        throw new InvalidArchiveError(
          `Cannot read "${path}" of the image: expected a file of at most ${MAX_TEXT_BYTES} bytes`,
        );
      }
      return files.readFileSync(fd, "utf8");
    } finally {
      files.closeSync(fd);
    }
  }

  owner(path: string): { readonly uid: number; readonly gid: number } | undefined {
    return this.#stat(path);
  }

  /** The first of these that is an executable file, for a program name without a slash; or the path itself. */
  findProgram(name: string, searchPath: string, workingDirectory: string): string | undefined {
    const candidates = name.includes("/")
      ? [name.startsWith("/") ? name : `${workingDirectory}/${name}`]
      : searchPath.split(":").map((directory) => `${directory || workingDirectory}/${name}`);
    const found = candidates.find((path) => {
      const stat = this.#stat(path);
      return stat !== undefined && (stat.mode & S_IFMT) === S_IFREG && (stat.mode & 0o111) !== 0;
    });
    return name.includes("/") && found !== undefined ? name : found;
  }

  /** Makes the directory and what is missing of its parents (0755, root's); fine when it is there. */
  makeDirectory(path: string): void {
    const { kernel, files } = this.#system;
    let parent = this.#open("/", O_PATH | O_DIRECTORY);
    let at = "";
    try {
      for (const name of path.split("/").filter((part) => part !== "" && part !== ".")) {
        at = `${at}/${name}`;
        let next = this.#find(at, O_PATH | O_DIRECTORY);
        if (next === undefined) {
          kernel.mkdirat(parent, name, 0o755);
          next = this.#open(at, O_PATH | O_DIRECTORY);
        }
        files.closeSync(parent);
        parent = next;
      }
    } finally {
      files.closeSync(parent);
    }
  }

  /** A descriptor (O_PATH) to mount on: made as a directory or an empty file when nothing is there. The caller closes it. */
  openMountPoint(path: string, kind: "directory" | "file"): number {
    const found = this.#find(path, O_PATH);
    if (found !== undefined) {
      return found;
    }
    if (kind === "directory") {
      this.makeDirectory(path);
    } else {
      this.makeDirectory(path.slice(0, path.lastIndexOf("/")) || "/");
      this.#system.files.closeSync(this.#open(path, O_RDONLY | O_CREAT, 0o644));
    }
    return this.#open(path, O_PATH);
  }

  #stat(path: string): { uid: number; gid: number; mode: number } | undefined {
    const fd = this.#find(path, O_PATH);
    if (fd === undefined) {
      return undefined;
    }
    try {
      return this.#system.files.fstatSync(fd);
    } finally {
      this.#system.files.closeSync(fd);
    }
  }

  #open(path: string, flags: number, mode = 0): number {
    return this.#system.kernel.openInRoot(this.#fd, path, flags, mode);
  }

  #find(path: string, flags: number): number | undefined {
    try {
      return this.#open(path, flags);
    } catch (cause) {
      const errno = errnoOf(cause);
      if (cause instanceof SystemError && (errno === "ENOENT" || errno === "ENOTDIR")) {
        return undefined;
      }
      throw cause;
    }
  }
}

/** What a bind mount of `path` needs as its target. */
export function mountPointKind(system: System, path: string): "directory" | "file" {
  return (system.files.statSync(path).mode & S_IFMT) === S_IFDIR ? "directory" : "file";
}
