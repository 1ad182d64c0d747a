// SPDX-License-Identifier: Apache-2.0
// Creates the files of an image in one tree, at places that places.ts found, and what overlayfs needs to hide what is below it.
import { InvalidArchiveError } from "../../errors.ts";
import { display, type TarEntry } from "../../image/tar/entry.ts";
import { O_RDONLY, S_IFCHR } from "../../system/constants.ts";
import type { System } from "../../system/system.ts";
import type { Budget } from "./limits.ts";
import { isAtOrBelow, isWhiteout, joinBytes, LowerTrees, pathBytes } from "./lower-trees.ts";
import { applyMetadata, copyFile, writableXattrs } from "./metadata.ts";
import { type Place, Places } from "./places.ts";

const LARGE_BYTES = 1024 * 1024;

export class TreeWriter {
  readonly #system: System;
  readonly #root: string;
  readonly #places: Places;
  readonly #lowers: LowerTrees;
  readonly #budget: Budget;
  /** Directories that no entry described yet; "" is the root. */
  readonly #implicit = new Set<string>([""]);
  /** Files of this tree, for {@link flush}. */
  readonly #large = new Set<string>();
  readonly #directoryTimes = new Map<string, number>();

  /** `lowers`: rendered trees below this one, topmost first. */
  constructor(root: string, lowers: readonly string[], system: System, budget: Budget) {
    this.#budget = budget;
    this.#system = system;
    this.#root = root;
    this.#lowers = new LowerTrees(lowers, system);
    this.#places = new Places(root, this.#lowers, system, (place) => this.#implyDirectory(place));
  }

  /** Directory times come last, as creating entries changes them; implied directories look like those they cover. */
  finish(): void {
    if (this.#lowers.isRootHidden) {
      this.#hideLowerRoot();
    }
    for (const path of this.#implicit) {
      const lower = this.#lowers.find(path);
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
    this.#places.close();
  }

  /** The place of a cleaned path, see {@link Places.find}. */
  place(path: string): Place {
    return this.#places.find(path);
  }

  /** The tree's own directory, see {@link Places.root}. */
  root(): Place {
    return this.#places.root();
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
      const fd = this.#places.openFile(path);
      if (fd !== undefined) {
        await this.#writeToDisk(fd);
      }
    }
  }

  /** Through a descriptor that is sure to be of a regular file of this tree. Closes it. */
  async #writeToDisk(fd: number): Promise<void> {
    try {
      const handle = await this.#system.files.open(`/proc/self/fd/${fd}`, O_RDONLY);
      try {
        await handle.datasync();
      } finally {
        await handle.close();
      }
    } finally {
      this.#system.files.closeSync(fd);
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
    const sourceFd = this.#places.openParent(source);
    try {
      const link = this.place(entry.path);
      this.#clear(link);
      const name = source.path.slice(source.path.lastIndexOf("/") + 1);
      this.#system.files.linkSync(pathBytes(`/proc/self/fd/${sourceFd}/${name}`), link.target);
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
      if (this.#lowers.find(place.path) !== undefined) {
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
    const lower = this.#lowers.find(place.path);
    this.#lowers.hideBelow(place.path);
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
    this.#places.forget(path);
    this.#large.delete(path);
    if (this.#directoryTimes.has(path) || this.#implicit.has(path)) {
      this.#lowers.showAgain(path);
      for (const known of [this.#implicit, this.#directoryTimes, this.#large]) {
        for (const key of [...known.keys()].filter((each) => isAtOrBelow(each, path))) {
          known.delete(key);
        }
      }
    }
  }

  /** A copy is content of this tree that no entry states: one file below with many names can become many files. */
  #copyUp(target: Place, entry: TarEntry): void {
    const lower = this.#lowers.find(target.path);
    if (lower === undefined || lower.stats.isDirectory()) {
      throw noTarget(entry);
    }
    const sizeBytes = lower.stats.isFile() ? lower.stats.size : 0;
    this.#budget.spend(sizeBytes);
    const copied: TarEntry = {
      ...entry,
      sizeBytes,
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
}

function noTarget(entry: TarEntry): InvalidArchiveError {
  return new InvalidArchiveError(
    `Cannot unpack image: hard link "${display(entry.path)}" leads to "${display(entry.linkTarget)}", which is no file of the image`,
  );
}
