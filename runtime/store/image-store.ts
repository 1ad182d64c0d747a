// SPDX-License-Identifier: Apache-2.0
// The images of this machine: what is known about each, and their rendered trees. For every verb and for the CRI server.
// What is on disk is the truth: any number of processes use one store at once.
import { basename, join } from "node:path";
import { NotFoundError, UsageError } from "../errors.ts";
import { isMissing } from "../system/files.ts";
import type { System } from "../system/system.ts";
import { findImage } from "./find.ts";
import { type StoreLayout, storeLayout } from "./layout.ts";
import { withLock, withLockIfFree } from "./lock.ts";
import {
  formatRecord,
  type ImageId,
  type ImageRecord,
  parseRecord,
  type StoredImage,
} from "./record.ts";
import { type TreeFacts, type TreeName, Trees } from "./trees.ts";

export type { ImageId, ImageRecord, StoredImage } from "./record.ts";

export interface GcOptions {
  /** Images that something uses. */
  readonly keep: ReadonlySet<ImageId>;
  /** Images unused for longer than this go. */
  readonly unusedForMs: number;
}

/** How long layers of a fetch that failed are kept for the next try. */
const KEPT_FOR_RETRY_MS = 60 * 60 * 1000;

interface ReadRecord {
  readonly key: string;
  readonly record: ImageRecord;
}

export class ImageStore {
  readonly trees: Trees;
  readonly #layout: StoreLayout;
  readonly #system: System;
  readonly #known = new Map<string, ReadRecord>();

  private constructor(dataDir: string, system: System) {
    this.#layout = storeLayout(dataDir);
    this.#system = system;
    this.trees = new Trees(dataDir, this.#layout, system);
  }

  /** Makes the directories that are missing and removes what fetches left that were killed. */
  static async open(dataDir: string, system: System): Promise<ImageStore> {
    const layout = storeLayout(dataDir);
    await system.files.mkdirp(layout.images);
    // What images contain, setuid programs too, is no business of the machine's users.
    for (const path of [layout.layers, layout.trees, layout.temporary]) {
      await system.files.mkdirp(path, { mode: 0o700 });
    }
    const store = new ImageStore(dataDir, system);
    await store.trees.cleanTemporary();
    await system.files.removeStaleTemporaries(layout.images);
    return store;
  }

  /** Sorted by import, oldest first. */
  async list(): Promise<readonly StoredImage[]> {
    return this.#records();
  }

  /** An id, a part of one, an appc name with labels, an OCI reference. Throws UsageError for an ambiguous part. */
  async find(reference: string): Promise<StoredImage | undefined> {
    return findImage(this.#records(), reference);
  }

  /** As find, but throws NotFoundError when there is none. */
  async get(reference: string): Promise<StoredImage> {
    return this.record(reference);
  }

  /** Everything known about an image. Throws NotFoundError. */
  async record(reference: string): Promise<ImageRecord> {
    const found = findImage(this.#records(), reference);
    if (found === undefined) {
      throw new NotFoundError(`Cannot find image "${reference}" in the store`);
    }
    return found;
  }

  /** Its rendered directories, topmost first: lowerdirs for overlayfs, as they stand. Counts as a use. */
  async rootfs(id: ImageId): Promise<readonly string[]> {
    const record = await this.record(id);
    const records = [
      record,
      ...(await Promise.all(record.dependencies.map((each) => this.record(each)))),
    ];
    const trees = records.flatMap((each) => each.trees);
    const missing = trees.find((tree) => this.trees.facts(tree) === undefined);
    if (missing !== undefined) {
      throw new NotFoundError(
        `Cannot use image "${id}": its tree "${missing}" is not in the store any more, fetch the image again`,
      );
    }
    await this.#touch(records);
    return trees.map((tree) => this.trees.rootfs(tree));
  }

  /** What all images take, each tree counted once. */
  async usage(): Promise<TreeFacts> {
    return this.trees
      .names()
      .map((name) => this.trees.facts(name))
      .reduce<TreeFacts>(
        (sum, facts) => ({
          bytes: sum.bytes + (facts?.bytes ?? 0),
          inodes: sum.inodes + (facts?.inodes ?? 0),
        }),
        { bytes: 0, inodes: 0 },
      );
  }

  /**
   * Forgets the image, all its names and pins; its trees go at once when no other image needs them, nothing has them mounted
   * and nobody is fetching, else by the next {@link removeUnusedTrees}. Answers whether it was there.
   */
  async remove(id: ImageId): Promise<boolean> {
    const wasThere = await this.#exclusively(async () => {
      const [record] = this.#read(basename(this.#recordPath(id)));
      if (record !== undefined) {
        this.#forget(record);
      }
      return record !== undefined;
    });
    await this.removeUnusedTrees();
    return wasThere;
  }

  /** Keeps the image from `gc` and marks it as pinned for CRI clients. `why` names who wants that; `unpin` takes it back. */
  async pin(id: ImageId, why: string): Promise<void> {
    await this.#change(id, (pins) => [...pins.filter((pin) => pin !== why), why]);
  }

  async unpin(id: ImageId, why: string): Promise<void> {
    await this.#change(id, (pins) => pins.filter((pin) => pin !== why));
  }

  /** Removes images that are not kept, not pinned, no dependency of another and unused for long; answers their ids. */
  async gc(options: GcOptions): Promise<readonly ImageId[]> {
    // Under one lock, so that nobody pins an image, or begins to depend on it, between the look and the removal.
    const doomed = await this.#exclusively(async () => {
      const records = this.#records();
      const now = this.#system.clock.now();
      const needed = new Set(records.flatMap(({ dependencies }) => dependencies));
      const unwanted = records.filter(
        ({ id, pinned, lastUsedAtMs }) =>
          !pinned &&
          !needed.has(id) &&
          !options.keep.has(id) &&
          now - lastUsedAtMs >= options.unusedForMs,
      );
      for (const record of unwanted) {
        this.#forget(record);
      }
      return unwanted.map(({ id }) => id);
    });
    await this.removeUnusedTrees();
    return doomed;
  }

  /** For fetches: while `act` runs, trees without a record stay. */
  async whileFetching<T>(act: () => Promise<T>): Promise<T> {
    return withLock(this.#layout.fetchLock, "shared", this.#system, act);
  }

  /**
   * Makes an image known whose trees are in the store. Names of it that another image had are taken from that one, unless
   * only that one was verified; an image that is known keeps its other names, its pins and its accepted signature.
   */
  async add(image: ImageRecord): Promise<ImageRecord> {
    return this.#exclusively(async () => {
      const records = this.#records();
      const known = records.find(({ id }) => id === image.id);
      const signedBy = image.signedBy || (known?.signedBy ?? "");
      const merged: ImageRecord = {
        ...image,
        repoTags: union(known?.repoTags, image.repoTags),
        repoDigests: union(known?.repoDigests, image.repoDigests),
        pins: union(known?.pins, image.pins),
        signedBy,
      };
      const others = records.filter(
        (other) => other.id !== image.id && (signedBy !== "" || other.signedBy === ""),
      );
      for (const other of others) {
        const repoTags = other.repoTags.filter((tag) => !image.repoTags.includes(tag));
        if (repoTags.length < other.repoTags.length) {
          await this.#write({ ...other, repoTags }, other.lastUsedAtMs);
        }
      }
      await this.#write(merged, this.#system.clock.now());
      return { ...merged, pinned: merged.pins.length > 0 };
    });
  }

  /**
   * Removes trees that no image names and that are not mounted. Those that no removed image had may be layers of a fetch that
   * failed, and stay for an hour for its next try. While somebody fetches nothing is removed.
   */
  async removeUnusedTrees(): Promise<void> {
    await withLockIfFree(this.#layout.fetchLock, this.#system, async () => {
      const named = new Set<string>(this.#records().flatMap(({ trees }) => trees));
      await this.trees.remove(
        (name) => !named.has(name) && this.trees.ageMs(name) >= KEPT_FOR_RETRY_MS,
      );
    });
  }

  hasTree(name: TreeName): boolean {
    return this.trees.facts(name) !== undefined;
  }

  /** The caller holds the lock. From now on the image's trees are not kept for anybody's next try. */
  #forget({ id, trees }: ImageRecord): void {
    this.#system.files.unlinkSync(this.#recordPath(id));
    for (const tree of trees) {
      this.trees.release(tree);
    }
  }

  async #change(
    id: ImageId,
    change: (pins: readonly string[]) => readonly string[],
  ): Promise<void> {
    await this.#exclusively(async () => {
      const record = await this.record(id);
      const pins = change(record.pins);
      await this.#write({ ...record, pins }, record.lastUsedAtMs);
    });
  }

  async #touch(records: readonly ImageRecord[]): Promise<void> {
    const now = this.#system.clock.now() / 1000;
    for (const { id } of records) {
      await this.#system.files.utimes(this.#recordPath(id), now, now).catch((cause: unknown) => {
        if (!isMissing(cause)) {
          throw cause;
        }
      });
    }
  }

  async #write(record: ImageRecord, usedAtMs: number): Promise<void> {
    const path = this.#recordPath(record.id);
    await this.#system.files.writeFileAtomic(path, formatRecord(record));
    this.#system.files.utimesSync(path, usedAtMs / 1000, usedAtMs / 1000);
  }

  #records(): readonly ImageRecord[] {
    const { files } = this.#system;
    const names = files.listNamesSync(this.#layout.images).filter((name) => name.endsWith(".json"));
    const records = names.flatMap((name) => this.#read(name));
    for (const name of this.#known.keys()) {
      if (!names.includes(name)) {
        this.#known.delete(name);
      }
    }
    return records.sort((a, b) => a.importedAtMs - b.importedAtMs);
  }

  #read(name: string): readonly ImageRecord[] {
    const { files } = this.#system;
    const path = join(this.#layout.images, name);
    const stats = files.statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) {
      return [];
    }
    const key = `${stats.ino} ${stats.mtimeMs} ${stats.ctimeMs} ${stats.size}`;
    const known = this.#known.get(name);
    if (known?.key === key) {
      return [known.record];
    }
    const text = files.findTextSync(path);
    if (text === undefined) {
      return [];
    }
    const record = parseRecord(text, `"${path}"`, Math.floor(stats.mtimeMs));
    this.#known.set(name, { key, record });
    return [record];
  }

  #recordPath(id: ImageId): string {
    if (!/^(sha512-[0-9a-f]{128}|sha256:[0-9a-f]{64})$/.test(id)) {
      throw new UsageError(`Cannot use image ID "${id}": expected sha512-… or sha256:…, whole`);
    }
    return join(this.#layout.images, `${id}.json`);
  }

  #exclusively<T>(act: () => Promise<T>): Promise<T> {
    return withLock(this.#layout.lock, "exclusive", this.#system, act);
  }
}

function union(a: readonly string[] | undefined, b: readonly string[]): readonly string[] {
  return [...new Set([...(a ?? []), ...b])];
}
