// SPDX-License-Identifier: Apache-2.0
// Where the store keeps what, below the data directory. See docs/images.md.
import { join } from "node:path";

export interface StoreLayout {
  readonly images: string;
  readonly layers: string;
  readonly trees: string;
  readonly temporary: string;
  /** Held for moments, exclusively, while records or temporary directories are made or go. */
  readonly lock: string;
  /** Held shared by fetches, exclusively by whoever removes trees that no record names. */
  readonly fetchLock: string;
}

export function storeLayout(dataDir: string): StoreLayout {
  return {
    images: join(dataDir, "images"),
    layers: join(dataDir, "layers"),
    trees: join(dataDir, "trees"),
    temporary: join(dataDir, "tmp"),
    lock: join(dataDir, "images.lock"),
    fetchLock: join(dataDir, "fetch.lock"),
  };
}

/** In a rendered tree: the files, and the record that is written last and says that the tree is whole. */
export const ROOTFS = "rootfs";
export const RENDERED = "rendered";
