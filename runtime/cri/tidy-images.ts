// SPDX-License-Identifier: Apache-2.0
// Frees what images left that no request of the kubelet's names: layers of pulls that failed, and trees that could not go with
// their image because something had them mounted or was fetching.
import type { System } from "../system/system.ts";
import type { ImageLibrary } from "./context.ts";
import type { Log } from "./log.ts";

const EVERY_MS = 60 * 60 * 1000;

export interface TidyOptions {
  readonly system: Pick<System, "clock">;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Now and every hour until `signal` fires. Not to be waited for: what is half removed then is out of sight already, and goes
 * when the store is opened next. A failure is logged and the next turn tries again.
 */
export async function tidyImages(
  images: Pick<ImageLibrary, "removeUnused">,
  { system, log, signal }: TidyOptions,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await images.removeUnused();
    } catch (error) {
      log.warn("Cannot remove unused files of images", { error: String(error) });
    }
    await system.clock.sleep(EVERY_MS, { signal }).catch(() => {}); // the signal has fired
  }
}
