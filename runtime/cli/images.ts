// SPDX-License-Identifier: Apache-2.0
// The images of a `run`: found in the store or fetched, then rendered.
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
    const { id, format, name, labels, app: imageApp } = await obtain(store, app);
    images.push({ id, format, name, labels, app: imageApp, layers: await store.rootfs(id) });
  }
  return images;
}

function obtain(store: ImageStore, app: AppRequest): Promise<StoredImage> {
  return store.get(app.image);
}
