// SPDX-License-Identifier: Apache-2.0
// Unpacks one layer of an OCI image (image-spec "Filesystem Layer") into a directory that overlayfs can use as a lowerdir.
import { InvalidArchiveError } from "../../errors.ts";
import { display, type TarEntry } from "../../image/tar/entry.ts";
import type { TarHandler } from "../../image/tar/reader.ts";
import type { System } from "../../system/system.ts";
import { cleanEntryPath } from "./entry-path.ts";
import { EntryWriter } from "./entry-writer.ts";
import type { Budget } from "./limits.ts";
import type { TreeWriter } from "./tree-writer.ts";

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
/** What aufs kept for itself and old tools packed: `.wh..wh.plnk/…`. */
const AUFS = ".wh..wh.";

/** Whiteouts act on the layers below only, wherever they stand in the archive. */
export class LayerUnpacker implements TarHandler {
  readonly #tree: TreeWriter;
  readonly #writer: EntryWriter;
  readonly #budget: Budget;

  constructor(tree: TreeWriter, budget: Budget, system: System) {
    this.#tree = tree;
    this.#budget = budget;
    this.#writer = new EntryWriter(tree, system);
  }

  entry(entry: TarEntry): void {
    this.#budget.spend(entry.sizeBytes);
    const path = cleanEntryPath(entry.path);
    const parts = path.split("/");
    const name = parts.at(-1) ?? "";
    if (path === "") {
      if (entry.kind === "directory") {
        this.#tree.directory(entry, this.#tree.root());
      }
      return;
    }
    if (name === OPAQUE) {
      const directory = parts.slice(0, -1).join("/");
      this.#tree.opaque(directory === "" ? this.#tree.root() : this.#tree.place(directory));
      return;
    }
    if (parts.some((part) => part.startsWith(AUFS))) {
      return;
    }
    if (name.startsWith(WHITEOUT)) {
      this.#whiteout(parts, name.slice(WHITEOUT.length), entry);
      return;
    }
    const linkTarget =
      entry.kind === "hardlink" ? cleanEntryPath(entry.linkTarget) : entry.linkTarget;
    this.#writer.begin({ ...entry, path, linkTarget });
  }

  data(chunk: Buffer): void {
    this.#writer.write(chunk);
  }

  end(): void {
    this.#writer.end();
  }

  abandon(): void {
    this.#writer.abandon();
  }

  #whiteout(parts: readonly string[], name: string, entry: TarEntry): void {
    if (name === "" || name === "." || name === "..") {
      throw new InvalidArchiveError(
        `Cannot unpack image: whiteout "${display(entry.path)}" names nothing that could be hidden`,
      );
    }
    this.#tree.whiteout(this.#tree.place([...parts.slice(0, -1), name].join("/")));
  }
}
