// SPDX-License-Identifier: Apache-2.0
// Carries out the entries of an archive, one after another: what both formats have in common once the paths are known.
import { InvalidArchiveError } from "../../errors.ts";
import { display, type TarEntry } from "../../image/tar/entry.ts";
import type { System } from "../../system/system.ts";
import type { Place } from "./places.ts";
import type { TreeWriter } from "./tree-writer.ts";

interface OpenFile {
  readonly fd: number;
  readonly entry: TarEntry;
  readonly place: Place;
}

export class EntryWriter {
  readonly #tree: TreeWriter;
  readonly #system: System;
  #file: OpenFile | undefined;

  constructor(tree: TreeWriter, system: System) {
    this.#tree = tree;
    this.#system = system;
  }

  /**
   * `entry.path` and, for hard links, `entry.linkTarget` are cleaned. Device nodes: below dev/ they are left out, because the
   * runtime makes /dev of each app itself; anywhere else the image is refused. A character device 0/0 would be a whiteout.
   */
  begin(entry: TarEntry): void {
    const place = this.#tree.place(entry.path);
    switch (entry.kind) {
      case "file":
        this.#file = { fd: this.#tree.beginFile(place), entry, place };
        return;
      case "directory":
        this.#tree.directory(entry, place);
        return;
      case "symlink":
        if (entry.linkTarget === "") {
          throw new InvalidArchiveError(
            `Cannot unpack image: symlink "${display(entry.path)}" has no target`,
          );
        }
        this.#tree.symlink(entry, place);
        return;
      case "hardlink":
        this.#tree.hardLink(entry.linkTarget, entry, place);
        return;
      case "fifo":
        this.#tree.fifo(entry, place);
        return;
      case "character-device":
      case "block-device":
        if (!place.path.startsWith("dev/")) {
          throw new InvalidArchiveError(
            `Cannot unpack image: entry "${display(entry.path)}" is a device node, which images may have only below /dev`,
          );
        }
    }
  }

  write(chunk: Buffer): void {
    const fd = this.#file?.fd;
    for (let done = 0; fd !== undefined && done < chunk.length; ) {
      done += this.#system.files.writeSync(fd, chunk, done);
    }
  }

  end(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) {
      try {
        this.#tree.finishFile(file.fd, file.entry, file.place);
      } finally {
        this.#system.files.closeSync(file.fd);
      }
    }
  }

  /** Closes what a failure left open. */
  abandon(): void {
    if (this.#file !== undefined) {
      this.#system.files.closeSync(this.#file.fd);
      this.#file = undefined;
    }
  }
}
