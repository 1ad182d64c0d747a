// SPDX-License-Identifier: Apache-2.0
// The image of a `run`: found in the store or fetched, then rendered.
import { TrustError } from "../errors.ts";
import { ignoredRequests } from "../image/appc/ignored.ts";
import type { FetchProgress } from "../image/import-options.ts";
import type { PlannedImage } from "../stage0/pod-plan.ts";
import type { AppRequest, PullPolicy, RunRequest } from "../stage0/request.ts";
import { ImageStore, type StoredImage } from "../store/image-store.ts";
import { configDirectories, fetchOptions } from "./fetch-options.ts";
import type { VerbContext } from "./verb.ts";

/** Warns of what its manifest asks for in vain. */
export async function obtainImage(
  request: RunRequest,
  context: VerbContext,
): Promise<PlannedImage> {
  const store = await ImageStore.open(context.globals.dataDir, context.system);
  const { id, format, name, labels, app } = await obtain(store, request.app, request, context);
  const ignored = format === "aci" ? ignoredRequests((await store.record(id)).manifest) : [];
  if (ignored.length > 0) {
    context.warn(`Image "${name}" asks for ${ignored.join(", ")}: not done, see the flags of run`);
  }
  return { id, format, name, labels, app, layers: await store.rootfs(id) };
}

/**
 * Where a key is trusted for a prefix of the image's name, only an image whose signature was accepted is run: one that came
 * into the store by another way, under the same name, neither stands in for it nor gets in its way.
 */
async function obtain(
  store: ImageStore,
  app: AppRequest,
  request: RunRequest,
  context: VerbContext,
): Promise<StoredImage> {
  const found = await fetchFor(app, store, request.pullPolicy, context);
  if (await isAcceptable(store, found, context)) {
    return found;
  }
  const signed = await findSigned(store, app.image);
  if (signed !== undefined) {
    return signed;
  }
  if (request.pullPolicy === "new") {
    const fetched = await fetchFor(app, store, "update", context);
    if (await isAcceptable(store, fetched, context)) {
      return fetched;
    }
  }
  throw new TrustError(
    `Cannot run image "${app.image}": a key is trusted for "${found.name}", and no image of that name was verified with it`,
  );
}

async function fetchFor(
  app: AppRequest,
  store: ImageStore,
  pullPolicy: PullPolicy,
  context: VerbContext,
): Promise<StoredImage> {
  const { fetchImage } = await import("../image/fetch.ts");
  const options = fetchOptions(context, store, { pullPolicy, signature: app.signature });
  return fetchImage(app.image, { ...options, onProgress: sayOnce(context) });
}

async function isAcceptable(
  store: ImageStore,
  image: StoredImage,
  context: VerbContext,
): Promise<boolean> {
  if (context.globals.insecureOptions.has("image")) {
    return true;
  }
  if ((await store.record(image.id)).signedBy !== "") {
    return true;
  }
  const { Keystore } = await import("../trust/keystore.ts");
  const keys = await new Keystore(configDirectories(context), context.system).keysFor(image.name);
  return keys.every(({ prefix }) => prefix === undefined);
}

/** The last imported of those whose signature was accepted, by its name with or without version. */
async function findSigned(store: ImageStore, name: string): Promise<StoredImage | undefined> {
  const named = (await store.list()).filter(
    (image) =>
      image.format === "aci" &&
      [image.name, `${image.name}:${image.labels["version"]}`].includes(name),
  );
  const records = await Promise.all(named.map(({ id }) => store.record(id)));
  return records.findLast(({ signedBy }) => signedBy !== "");
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
