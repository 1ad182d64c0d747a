// SPDX-License-Identifier: Apache-2.0
// Creates the files of an image below one directory and nowhere else, whatever the archive says.
//
// Every path is resolved here, part by part, symlinks inside the tree; the directory that comes out is opened with openat2
// RESOLVE_BENEATH from the tree's own descriptor, so that the kernel vouches for it, and everything is done to a single name
// below that descriptor. Nobody else writes into the tree: it lies in a private directory of the store.
import { InvalidArchiveError } from "../../errors.ts";
import { display, type TarEntry } from "../../image/tar/entry.ts";
import {
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  S_IFCHR,
} from "../../system/constants.ts";
import type { Stats } from "../../system/files.ts";
import type { System } from "../../system/system.ts";
import type { Budget } from "./limits.ts";
import { joinBytes, LowerTrees, pathBytes } from "./lower-trees.ts";
import { applyMetadata, copyFile, writableXattrs } from "./metadata.ts";

/** A name in the directory that is open: where something is created. Good until the next place is asked for. */
export interface Place {
  /** From the tree's root, resolved: no part of it but the last can be a symlink. */
  readonly path: string;
  /** For node:fs: the same through /proc/self/fd. */
  readonly target: Buffer;
  readonly existing: Stats | undefined;
}

const MAX_SYMLINKS = 40;
const LARGE_BYTES = 1024 * 1024;

export class TreeWriter {
  readonly #system: System;
  readonly #rootFd: number;
  readonly #root: string;
  readonly #lowers: LowerTrees;
  readonly #budget: Budget;
  /** Directories of this tree under which lower trees do not show. */
  readonly #opaque = new Set<string>();
  /** Directories that no entry described yet; "" is the root. */
  readonly #implicit = new Set<string>([""]);
  readonly #large = new Set<string>();
  readonly #directoryTimes = new Map<string, number>();
  #open: { readonly asked: string; readonly path: string; readonly fd: number } | undefined;

  /** `lowers`: rendered trees below this one, topmost first. */
  constructor(root: string, lowers: readonly string[], system: System, budget: Budget) {
    this.#budget = budget;
    this.#system = system;
    this.#root = root;
    this.#rootFd = system.files.openSync(root, O_PATH | O_DIRECTORY);
    this.#lowers = new LowerTrees(lowers, system);
  }

  /** Directory times come last, as creating entries changes them; implied directories look like those they cover. */
  finish(): void {
    if (this.#opaque.has("")) {
      this.#hideLowerRoot();
    }
    for (const path of this.#implicit) {
      const lower = this.#isHidden(path) ? undefined : this.#lowers.find(path);
      if (lower?.stats.isDirectory() === true) {
        const own = joinBytes(this.#root, path);
        this.#system.files.chownSync(own, lower.stats.uid, lower.stats.gid);
        this.#system.files.chmodSync(own, lower.stats.mode & 0o7777);
        this.#directoryTimes.set(path, lower.stats.mtimeMs / 1000);
      }
    }
    for (const [path, mtime] of this.#directoryTimes) {
      this.#system.files.utimesSync(joinBytes(this.#root, path), mtime, mtime);
    }
  }

  /** overlayfs does not look whether the root of a layer is opaque: each name of the lower trees is hidden on its own. */
  #hideLowerRoot(): void {
    for (const name of this.#lowers.rootNames()) {
      const own = joinBytes(this.#root, name);
      const existing = this.#system.files.lstatSync(own, { throwIfNoEntry: false });
      if (existing === undefined) {
        this.#system.kernel.mknod(own, S_IFCHR, 0n);
      } else if (existing.isDirectory()) {
        this.#system.kernel.lsetxattr(own, "trusted.overlay.opaque", Buffer.from("y"));
      }
    }
  }

  close(): void {
    this.#closeOpen();
    this.#system.files.closeSync(this.#rootFd);
  }

  /** Makes the directories above `path` that are missing. `path` must have been cleaned (see entry-path.ts). */
  place(path: string): Place {
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

  /** What lies at a resolved path in the lower trees, unless this tree hides it. */
  lower(path: string) {
    return this.#isHidden(path) ? undefined : this.#lowers.find(path);
  }

  directory(entry: TarEntry, place: Place): void {
    const { existing } = place;
    if (existing?.isDirectory() !== true) {
      this.#makeDirectory(place);
    }
    this.#implicit.delete(place.path);
    this.#budget.spendPath(place.path);
    applyMetadata(place.target, entry, this.#system);
    this.#directoryTimes.set(place.path, entry.mtimeSeconds);
  }

  /**
   * Writes large files to the disk, without stopping the process while it lasts: what `syncfs` then has left to do, which
   * does stop it, is little.
   */
  async flush(): Promise<void> {
    for (const path of this.#large) {
      const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
      const handle = await this.#system.files
        .open(joinBytes(this.#root, path), flags)
        .catch(() => undefined); // another entry took its place
      try {
        await handle?.datasync();
      } finally {
        await handle?.close();
      }
    }
  }

  /** An open descriptor of the new, empty file; give it back to {@link finishFile}. */
  beginFile(place: Place): number {
    this.#clear(place);
    return this.#system.files.openSync(place.target, "wx", 0o600);
  }

  finishFile(fd: number, entry: TarEntry, place: Place): void {
    applyMetadata(place.target, entry, this.#system, fd);
    if (entry.sizeBytes >= LARGE_BYTES) {
      this.#large.add(place.path);
    }
  }

  symlink(entry: TarEntry, place: Place): void {
    this.#clear(place);
    this.#system.files.symlinkSync(pathBytes(entry.linkTarget), place.target);
    applyMetadata(place.target, entry, this.#system);
  }

  /** The link's own file, even if that is a symlink: link(2) does not follow. A file of a lower tree is copied first. */
  hardLink(targetPath: string, entry: TarEntry, place: Place): void {
    const target = this.place(targetPath);
    if (target.path === place.path) {
      return;
    }
    if (target.existing === undefined) {
      this.#copyUp(target, entry);
    } else if (target.existing.isDirectory() || isWhiteout(target.existing)) {
      throw noTarget(entry);
    }
    // The second `place` may have changed the open directory: ask again for the first.
    const source = this.place(targetPath);
    const sourceFd = this.#system.kernel.openBeneath(
      this.#rootFd,
      pathBytes(parentOf(source.path)),
      O_PATH | O_DIRECTORY,
    );
    try {
      const link = this.place(entry.path);
      this.#clear(link);
      this.#system.files.linkSync(
        pathBytes(`/proc/self/fd/${sourceFd}/${nameOf(source.path)}`),
        link.target,
      );
    } finally {
      this.#system.files.closeSync(sourceFd);
    }
  }

  fifo(entry: TarEntry, place: Place): void {
    this.#clear(place);
    this.#system.kernel.mkfifo(place.target, 0o600);
    applyMetadata(place.target, entry, this.#system);
  }

  /** Hides what lower trees have at this name; entries of this tree stay, wherever they stand in the archive. */
  whiteout(place: Place): void {
    if (place.existing === undefined) {
      if (this.lower(place.path) !== undefined) {
        this.#system.kernel.mknod(place.target, S_IFCHR, 0n);
        this.#forget(place.path);
      }
    } else if (place.existing.isDirectory()) {
      this.#hideBelow(place);
    }
  }

  /** Hides everything that lower trees have in this directory. */
  opaque(place: Place): void {
    if (place.existing?.isDirectory() !== true) {
      this.#implyDirectory(place);
    }
    this.#hideBelow(place);
  }

  #hideBelow(place: Place): void {
    const lower = this.lower(place.path);
    this.#opaque.add(place.path);
    if (lower?.stats.isDirectory() === true) {
      this.#system.kernel.lsetxattr(place.target, "trusted.overlay.opaque", Buffer.from("y"));
      if (this.#implicit.has(place.path)) {
        // It still looks like the directory whose content it hides.
        this.#system.files.chownSync(place.target, lower.stats.uid, lower.stats.gid);
        this.#system.files.chmodSync(place.target, lower.stats.mode & 0o7777);
      }
    }
  }

  /** One path of an archive can imply thousands. */
  #implyDirectory(place: Place): void {
    this.#budget.spend(0);
    this.#budget.spendPath(place.path);
    this.#makeDirectory(place);
    this.#implicit.add(place.path);
  }

  #makeDirectory(place: Place): void {
    const hidesLower = place.existing !== undefined;
    this.#clear(place);
    this.#system.files.mkdirSync(place.target, 0o755);
    this.#system.files.chmodSync(place.target, 0o755);
    if (hidesLower) {
      this.#hideBelow(place);
    }
  }

  /** What is at the place makes room for what comes. */
  #clear(place: Place): void {
    if (place.existing !== undefined) {
      this.#system.files.removeBytesSync(place.target);
    }
    this.#forget(place.path);
  }

  /** Something else will be at this path: what we know about it and below is no longer true. */
  #forget(path: string): void {
    const isBelow = (known: string) => known === path || known.startsWith(`${path}/`);
    if (this.#open !== undefined && (isBelow(this.#open.path) || isBelow(this.#open.asked))) {
      this.#closeOpen();
    }
    if (this.#directoryTimes.has(path) || this.#implicit.has(path)) {
      for (const known of [this.#implicit, this.#directoryTimes, this.#opaque]) {
        for (const key of [...known.keys()].filter(isBelow)) {
          known.delete(key);
        }
      }
    }
  }

  #directory(asked: string): { readonly path: string; readonly fd: number } {
    if (this.#open?.asked === asked) {
      return this.#open;
    }
    const { path, isPlain } = this.#resolve(asked);
    this.#closeOpen();
    const fd = this.#system.kernel.openBeneath(
      this.#rootFd,
      pathBytes(path === "" ? "." : path),
      O_PATH | O_DIRECTORY,
    );
    // One that was reached through symlinks is asked for by the empty name that nobody asks for again.
    this.#open = { asked: isPlain ? asked : `${asked}/`, path, fd };
    return this.#open;
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
    const lower = existing === undefined ? this.lower(path) : undefined;
    if (lower?.stats.isSymbolicLink() === true) {
      return files.readlinkSync(lower.path, "latin1");
    }
    this.#implyDirectory({ path, target: own, existing });
    return undefined;
  }

  #copyUp(target: Place, entry: TarEntry): void {
    const lower = this.lower(target.path);
    if (lower === undefined || lower.stats.isDirectory()) {
      throw noTarget(entry);
    }
    const copied: TarEntry = {
      ...entry,
      mode: lower.stats.mode & 0o7777,
      uid: lower.stats.uid,
      gid: lower.stats.gid,
      mtimeSeconds: lower.stats.mtimeMs / 1000,
      xattrs: writableXattrs(lower.path, this.#system),
    };
    if (lower.stats.isSymbolicLink()) {
      const linkTarget = this.#system.files.readlinkSync(lower.path, "latin1");
      this.symlink({ ...copied, kind: "symlink", linkTarget }, target);
      return;
    }
    if (!lower.stats.isFile()) {
      throw noTarget(entry);
    }
    const fd = this.beginFile(target);
    try {
      copyFile(lower.path, fd, this.#system);
      this.finishFile(fd, { ...copied, kind: "file" }, target);
    } finally {
      this.#system.files.closeSync(fd);
    }
  }

  #isHidden(path: string): boolean {
    if (this.#opaque.size === 0 || this.#opaque.has("")) {
      return this.#opaque.size > 0;
    }
    const parts = path.split("/");
    return parts.some((_, depth) => this.#opaque.has(parts.slice(0, depth + 1).join("/")));
  }
}

/** How overlayfs writes that a name is gone: a character device 0/0. Archives cannot bring such devices. */
export function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}

function noTarget(entry: TarEntry): InvalidArchiveError {
  return new InvalidArchiveError(
    `Cannot unpack image: hard link "${display(entry.path)}" leads to "${display(entry.linkTarget)}", which is no file of the image`,
  );
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : path.slice(0, slash);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
