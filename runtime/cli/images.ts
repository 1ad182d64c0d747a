// SPDX-License-Identifier: Apache-2.0
// The images of a `run`: found in the store or fetched, then rendered.
import type { FetchProgress } from "../image/import-options.ts";
import type { PlannedImage } from "../stage0/pod-plan.ts";
import type { AppRequest, RunRequest } from "../stage0/request.ts";
import { ImageStore, type StoredImage } from "../store/image-store.ts";
import type { VerbContext } from "./verb.ts";

/** In the order of the apps. */
export async function obtainImages(
  request: RunRequest,
  context: VerbContext,
): Promise<readonly PlannedImage[]> {
  const store = await ImageStore.open(context.globals.dataDir, context.system);
  const images: PlannedImage[] = [];
  for (const app of request.apps) {
    const { id, format, name, labels, app: imageApp } = await obtain(store, app, request, context);
    images.push({ id, format, name, labels, app: imageApp, layers: await store.rootfs(id) });
  }
  return images;
}

async function obtain(
  store: ImageStore,
  app: AppRequest,
  request: RunRequest,
  context: VerbContext,
): Promise<StoredImage> {
  const { system, globals, cwd, signal } = context;
  const { fetchImage } = await import("../image/fetch.ts");
  return fetchImage(app.image, {
    store,
    system,
    config: { directories: configDirectories(context) },
    insecure: globals.insecureOptions,
    pullPolicy: request.pullPolicy,
    signature: app.signature,
    cwd,
    signal,
    onProgress: sayOnce(context),
  });
}

/** A line for each thing that is fetched: a node's first boot should say what it waits for. */
function sayOnce({ warn }: VerbContext): (progress: FetchProgress) => void {
  const said = new Set<string>();
  return ({ what, totalBytes }) => {
    if (!said.has(what)) {
      said.add(what);
      const size = totalBytes === undefined ? "" : ` (${Math.ceil(totalBytes / 1e6)} MB)`;
      warn(`fetching ${what}${size}`, "image");
    }
  };
}

/** Vendor first, later ones win. */
export function configDirectories({ globals }: VerbContext): readonly string[] {
  const { systemConfigDir, localConfigDir, userConfigDir } = globals;
  return [systemConfigDir, localConfigDir, userConfigDir].filter((directory) => directory !== "");
}
