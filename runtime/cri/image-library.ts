// SPDX-License-Identifier: Apache-2.0
// The image store and the fetcher as the CRI uses them.
import { fetchOciImage } from "../image/fetch.ts";
import { ImageStore } from "../store/image-store.ts";
import type { System } from "../system/system.ts";
import type { ImageLibrary, LibraryImage } from "./context.ts";

export async function openImageLibrary(options: {
  readonly system: System;
  readonly dataDir: string;
  /** With trustedkeys, registries.d and auth.d; later ones win. */
  readonly configDirs: readonly string[];
  readonly insecureOptions: ReadonlySet<string>;
}): Promise<ImageLibrary> {
  const { system } = options;
  const store = await ImageStore.open(options.dataDir, system);
  const pulls = new Map<string, Pull>();
  const fetch = async (
    reference: string,
    { auth, signal }: Parameters<ImageLibrary["pull"]>[1],
  ): Promise<LibraryImage> => {
    // An ACI is verified when it is fetched by its own verb; here it can only be named.
    const known = await store.find(reference);
    if (known?.format === "aci") {
      return known;
    }
    return fetchOciImage(reference, {
      store,
      system,
      config: { directories: options.configDirs },
      // There are no policies for signatures of OCI images yet. Which of them a cluster runs is its own decision, as with
      // every runtime; their bytes are checked against their digests all the same.
      insecure: new Set([...options.insecureOptions, "image"]),
      pullPolicy: "update",
      auth,
      signal,
    });
  };
  return {
    list: () => store.list(),
    find: (reference) => store.find(reference),
    remove: async (id) => {
      await store.remove(id);
    },
    rootfs: (id) => store.rootfs(id),
    removeUnused: () => store.removeUnusedTrees(),
    usage: () => store.usage(),
    pull: (reference, options) => fetchOnce(pulls, reference, options, fetch),
  };
}

interface Pull {
  readonly image: Promise<LibraryImage>;
  /** Of the request that began it. */
  readonly signal: AbortSignal;
}

/**
 * Pulls of one name without credentials at the same time are one pull, until the first of them is given up: then the
 * others start anew.
 */
async function fetchOnce(
  pulls: Map<string, Pull>,
  reference: string,
  options: Parameters<ImageLibrary["pull"]>[1],
  fetch: ImageLibrary["pull"],
): Promise<LibraryImage> {
  if (options.auth !== undefined) {
    return await fetch(reference, options);
  }
  const running = pulls.get(reference);
  if (running !== undefined) {
    try {
      return await running.image;
    } catch (error) {
      if (!running.signal.aborted || options.signal.aborted) {
        throw error;
      }
      return await fetchOnce(pulls, reference, options, fetch);
    }
  }
  const image = fetch(reference, options).finally(() => pulls.delete(reference));
  pulls.set(reference, { image, signal: options.signal });
  return await image;
}
