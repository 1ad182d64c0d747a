// SPDX-License-Identifier: Apache-2.0
// What importing an image into the store needs, whatever its format and wherever it comes from.

import type { ImageStore } from "../store/image-store.ts";
import { DEFAULT_LIMITS, type UnpackLimits } from "../store/unpack/limits.ts";
import type { System } from "../system/system.ts";

/** How far a fetch is. `totalBytes` is undefined while nobody knows. */
export interface FetchProgress {
  readonly what: string;
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
}

export interface ImportOptions {
  readonly store: ImageStore;
  readonly system: System;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
}

/** The default limits, or less when the disk has less. */
export function limitsFor(directory: string, system: System): UnpackLimits {
  const { bavail, bsize } = system.kernel.statfs(directory);
  return { ...DEFAULT_LIMITS, maxBytes: Math.min(DEFAULT_LIMITS.maxBytes, bavail * bsize) };
}
