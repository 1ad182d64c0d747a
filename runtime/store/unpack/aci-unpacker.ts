// SPDX-License-Identifier: Apache-2.0
// Unpacks an ACI (appc spec "App Container Image"): keeps the text of `manifest`, puts what is below `rootfs/` into a tree.
// Anything else at the top, and a path that comes twice, makes the archive invalid.
import { InvalidArchiveError } from "../../errors.ts";
import { display, type TarEntry } from "../../image/tar/entry.ts";
import type { TarHandler } from "../../image/tar/reader.ts";
import type { System } from "../../system/system.ts";
import { cleanEntryPath } from "./entry-path.ts";
import { EntryWriter } from "./entry-writer.ts";
import type { Budget } from "./limits.ts";
import type { TreeWriter } from "./tree-writer.ts";

const ROOTFS = "rootfs/";
/** It is held in memory; real ones have a few kilobytes. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

export class AciUnpacker implements TarHandler {
  readonly #tree: TreeWriter;
  readonly #writer: EntryWriter;
  readonly #budget: Budget;
  #manifest: Buffer[] | undefined;
  #isManifest = false;
  #hasRootfs = false;

  constructor(tree: TreeWriter, budget: Budget, system: System) {
    this.#tree = tree;
    this.#budget = budget;
    this.#writer = new EntryWriter(tree, system);
  }

  entry(entry: TarEntry): void {
    this.#budget.spend(entry.sizeBytes);
    this.#isManifest = false;
    if (entry.path.startsWith("/")) {
      throw misplaced(entry);
    }
    const path = cleanEntryPath(entry.path);
    if (path === "manifest") {
      this.#beginManifest(entry);
    } else if (path === "rootfs" && entry.kind === "directory") {
      this.#hasRootfs = true;
      this.#tree.directory(entry, this.#tree.root());
    } else if (path.startsWith(ROOTFS)) {
      this.#hasRootfs = true;
      this.#rootfsEntry(entry, path.slice(ROOTFS.length));
    } else if (path !== "" || entry.kind !== "directory") {
      throw misplaced(entry);
    }
  }

  data(chunk: Buffer): void {
    if (this.#isManifest) {
      this.#manifest?.push(Buffer.from(chunk));
    } else {
      this.#writer.write(chunk);
    }
  }

  end(): void {
    this.#writer.end();
  }

  abandon(): void {
    this.#writer.abandon();
  }

  /** The manifest's text. Throws InvalidArchiveError when the archive has none, or no rootfs. */
  finish(): string {
    if (this.#manifest === undefined || !this.#hasRootfs) {
      throw new InvalidArchiveError(
        `Cannot unpack image: the archive has no ${this.#manifest === undefined ? "manifest" : "rootfs"}, it is no ACI`,
      );
    }
    return Buffer.concat(this.#manifest).toString("utf8");
  }

  #beginManifest(entry: TarEntry): void {
    if (
      this.#manifest !== undefined ||
      entry.kind !== "file" ||
      entry.sizeBytes > MAX_MANIFEST_BYTES
    ) {
      throw new InvalidArchiveError(
        "Cannot unpack image: its manifest is there twice, too large, or no file",
      );
    }
    this.#manifest = [];
    this.#isManifest = true;
  }

  #rootfsEntry(entry: TarEntry, path: string): void {
    const place = this.#tree.place(path);
    const isKnownDirectory = place.existing?.isDirectory() === true && entry.kind === "directory";
    if (place.existing !== undefined && !isKnownDirectory) {
      throw new InvalidArchiveError(
        `Cannot unpack image: entry "${display(entry.path)}" is there twice`,
      );
    }
    if (entry.kind !== "hardlink") {
      this.#writer.begin({ ...entry, path });
      return;
    }
    const target = cleanEntryPath(entry.linkTarget);
    if (!target.startsWith(ROOTFS)) {
      throw new InvalidArchiveError(
        `Cannot unpack image: hard link "${display(entry.path)}" leads to "${display(entry.linkTarget)}", outside of rootfs`,
      );
    }
    this.#writer.begin({ ...entry, path, linkTarget: target.slice(ROOTFS.length) });
  }
}

function misplaced(entry: TarEntry): InvalidArchiveError {
  return new InvalidArchiveError(
    `Cannot unpack image: entry "${display(entry.path)}" is neither manifest nor below rootfs/, the archive is no ACI`,
  );
}
