// SPDX-License-Identifier: Apache-2.0
// Removes trees that strangers have filled: apps and images choose their names. Names are bytes, not text, and a tree may be
// deeper than a path may be long. One algorithm as a sequence of steps, carried out at once or without stopping the process.
import { randomBytes } from "node:crypto";
import { promises, readdirSync, renameSync, rmdirSync, unlinkSync } from "node:fs";
import { errnoOf } from "./kernel.ts";

type Step =
  | { readonly act: "list" | "unlink" | "rmdir"; readonly path: Buffer }
  | { readonly act: "rename"; readonly path: Buffer; readonly to: Buffer };

interface Entry {
  readonly name: Buffer;
  isDirectory(): boolean;
}

/** A path with one more name behind it must stay below PATH_MAX, 4096 bytes with its NUL. */
const MAX_PARENT_BYTES = 3800;

const LISTING = { withFileTypes: true, encoding: "buffer" } as const;

/** Removes a directory with all that is in it. Nothing may be mounted there. Follows no links. */
export async function removeDirectory(root: Buffer): Promise<void> {
  const sequence = removal(root);
  for (let next = sequence.next([]); next.done !== true; ) {
    next = sequence.next(await perform(next.value).catch(nothingIfMissing));
  }
}

/** As removeDirectory, in one go. */
export function removeDirectorySync(root: Buffer): void {
  const sequence = removal(root);
  for (let next = sequence.next([]); next.done !== true; ) {
    next = sequence.next(performSync(next.value));
  }
}

/** What lies too deep for a path is moved up to the root of the tree first. */
function* removal(root: Buffer): Generator<Step, void, readonly Entry[]> {
  const pending = [root];
  for (let path = pending.at(-1); path !== undefined; path = pending.at(-1)) {
    const directories: Buffer[] = [];
    for (const entry of yield { act: "list", path }) {
      const child = below(path, entry.name);
      if (!entry.isDirectory()) {
        yield { act: "unlink", path: child };
      } else if (child.length <= MAX_PARENT_BYTES) {
        directories.push(child);
      } else {
        const to = below(root, Buffer.from(`.${randomBytes(12).toString("hex")}`));
        yield { act: "rename", path: child, to };
        directories.push(to);
      }
    }
    if (directories.length === 0) {
      yield { act: "rmdir", path };
      pending.pop();
    }
    for (const directory of directories) {
      pending.push(directory);
    }
  }
}

function below(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, Buffer.from("/"), name]);
}

async function perform(step: Step): Promise<readonly Entry[]> {
  switch (step.act) {
    case "list":
      return promises.readdir(step.path, LISTING);
    case "unlink":
      await promises.unlink(step.path);
      return [];
    case "rmdir":
      await promises.rmdir(step.path);
      return [];
    case "rename":
      await promises.rename(step.path, step.to);
      return [];
  }
}

function performSync(step: Step): readonly Entry[] {
  try {
    switch (step.act) {
      case "list":
        return readdirSync(step.path, LISTING);
      case "unlink":
        unlinkSync(step.path);
        return [];
      case "rmdir":
        rmdirSync(step.path);
        return [];
      case "rename":
        renameSync(step.path, step.to);
        return [];
    }
  } catch (cause) {
    return nothingIfMissing(cause);
  }
}

/** Somebody else removes the same tree: what is gone is gone. */
function nothingIfMissing(cause: unknown): readonly Entry[] {
  const errno = errnoOf(cause);
  if (errno === "ENOENT" || errno === "ENOTDIR") {
    return [];
  }
  throw cause;
}
