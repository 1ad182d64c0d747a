// SPDX-License-Identifier: Apache-2.0
// An app's root: the image's directories below, what the app writes above (overlayfs).
import { UnsupportedError, UsageError } from "../errors.ts";
import { MS_RDONLY, O_DIRECTORY, O_PATH } from "../system/constants.ts";
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
  const { layers, target } = request;
  mountLayers(system, layers, target, 0n, (lowers) => overlayOptions(request, lowers));
}

/** Two layers or more, nothing to be written: an image as a volume. */
export function mountReadOnlyOverlay(
  system: System,
  { layers, target }: Pick<OverlayRequest, "layers" | "target">,
): void {
  mountLayers(system, layers, target, MS_RDONLY, lowerOption);
}

/** The option text, with the characters escaped that separate options and paths. */
export function overlayOptions(
  { upper, work }: Pick<OverlayRequest, "upper" | "work">,
  layers: readonly string[],
): string {
  return `${lowerOption(layers)},upperdir=${escapePath(upper)},workdir=${escapePath(work)}`;
}

function mountLayers(
  system: System,
  layers: readonly string[],
  target: string,
  flags: bigint,
  optionsOf: (layers: readonly string[]) => string,
): void {
  const { kernel, files } = system;
  if (layers.length === 0) {
    throw new UsageError(`Cannot mount a root at "${target}": the image has no layers`);
  }
  const plain = optionsOf(layers);
  const descriptors: number[] = [];
  try {
    let options = plain;
    let source = "overlay";
    if (Buffer.byteLength(plain) > MAX_OPTIONS_BYTES) {
      const short = layers.map((layer) => {
        const fd = files.openSync(layer, O_PATH | O_DIRECTORY);
        descriptors.push(fd);
        return `/proc/self/fd/${fd}`;
      });
      options = optionsOf(short);
      source = shortNames(layers);
    }
    kernel.mount(source, target, "overlay", flags, options);
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

/**
 * Descriptors mean nothing to those who read the mount table; its source tells them which trees of the store are in use: the
 * first eight digits of each, which is enough for the 500 layers that overlayfs takes.
 */
export function shortNames(layers: readonly string[]): string {
  const ids = layers.flatMap((layer) => /(?:layers|trees)\/([0-9a-f]{64})/.exec(layer)?.[1] ?? []);
  return ids.length === 0 ? "overlay" : `layers:${ids.map((id) => id.slice(0, 8)).join("")}`;
}

function lowerOption(layers: readonly string[]): string {
  return `lowerdir=${layers.map(escapePath).join(":")}`;
}

/** overlayfs takes `\:`, `\,` and `\\` for the characters that separate its options and paths. */
function escapePath(path: string): string {
  return path.replaceAll(/[\\:,]/g, "\\$&");
}
