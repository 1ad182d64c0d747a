// SPDX-License-Identifier: Apache-2.0
// An app's root: the image's directories below, what the app writes above (overlayfs).
import { UnsupportedError, UsageError } from "../errors.ts";
import { O_DIRECTORY, O_PATH } from "../system/constants.ts";
import { errnoOf } from "../system/kernel.ts";
import type { System } from "../system/system.ts";

export interface OverlayRequest {
  /** Topmost first. */
  readonly layers: readonly string[];
  /** On one file system, which must not be an overlay itself. */
  readonly upper: string;
  readonly work: string;
  readonly target: string;
}

/** mount(2) takes one page of options. */
const MAX_OPTIONS_BYTES = 4095;

/** Mounts it at `target`. Synchronous; works in whatever mount namespace this thread is in. */
export function mountOverlay(system: System, request: OverlayRequest): void {
  const { kernel, files } = system;
  const { layers, target } = request;
  if (layers.length === 0) {
    throw new UsageError(`Cannot mount a root at "${target}": the image has no layers`);
  }
  const plain = overlayOptions(request, layers);
  const descriptors: number[] = [];
  try {
    let options = plain;
    if (Buffer.byteLength(plain) > MAX_OPTIONS_BYTES) {
      const short = layers.map((layer) => {
        const fd = files.openSync(layer, O_PATH | O_DIRECTORY);
        descriptors.push(fd);
        return `/proc/self/fd/${fd}`;
      });
      options = overlayOptions(request, short);
    }
    kernel.mount("overlay", target, "overlay", 0, options);
  } catch (cause) {
    throw new UnsupportedError(
      `Cannot mount the app's root at "${target}": overlayfs says ${errnoOf(cause)}`,
      { cause },
    );
  } finally {
    for (const fd of descriptors) {
      files.closeSync(fd);
    }
  }
}

/** The option text; colons and backslashes in layers' paths, and commas anywhere, are escaped as overlayfs reads them. */
export function overlayOptions(
  { upper, work }: Pick<OverlayRequest, "upper" | "work">,
  layers: readonly string[],
): string {
  const lower = layers.map((layer) => escapeComma(layer.replace(/[\\:]/g, "\\$&"))).join(":");
  return `lowerdir=${lower},upperdir=${escapeComma(upper)},workdir=${escapeComma(work)}`;
}

function escapeComma(path: string): string {
  return path.replaceAll(",", "\\,");
}
