// SPDX-License-Identifier: Apache-2.0
// The manifest of a lab image: which files of the cache it consists of. Its digest stands for the whole image.

export interface LabManifestFile {
  readonly sha512: string;
  readonly sizeBytes: number;
}

export interface LabManifest {
  readonly format: "corefly-lab-v1";
  readonly rootLabel: string;
  readonly kernel: LabManifestFile;
  readonly initrd: LabManifestFile;
  /** A qcow2 image with one ext4 filesystem, without partitions. */
  readonly root: LabManifestFile;
}

/** The text that is stored; the same manifest, the same bytes. */
export function labManifestText(manifest: LabManifest): string {
  const { format, rootLabel, kernel, initrd, root } = manifest;
  return `${JSON.stringify({ format, rootLabel, kernel, initrd, root }, undefined, 2)}\n`;
}

/** Reads a manifest; `origin` is where it came from, for the error. */
export function parseLabManifest(text: string, origin: string): LabManifest {
  const fail = (reason: string) =>
    new Error(`Cannot read lab image manifest "${origin}": ${reason}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw fail(`it is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  const entries = recordOf(value);
  if (entries?.["format"] !== "corefly-lab-v1") {
    throw fail(`found format ${JSON.stringify(entries?.["format"])}, expected "corefly-lab-v1"`);
  }
  const rootLabel = entries["rootLabel"];
  if (typeof rootLabel !== "string" || !/^[a-z0-9-]{1,16}$/.test(rootLabel)) {
    throw fail(`found rootLabel ${JSON.stringify(rootLabel)}, expected a filesystem label`);
  }
  const file = (name: "kernel" | "initrd" | "root"): LabManifestFile => {
    const found = recordOf(entries[name]);
    const { sha512, sizeBytes } = { sha512: found?.["sha512"], sizeBytes: found?.["sizeBytes"] };
    if (typeof sha512 !== "string" || !/^[0-9a-f]{128}$/.test(sha512)) {
      throw fail(`${name} has no sha512 of 128 hex digits`);
    }
    if (typeof sizeBytes !== "number" || !Number.isSafeInteger(sizeBytes) || sizeBytes < 1) {
      throw fail(`${name} has no size`);
    }
    return { sha512, sizeBytes };
  };
  return {
    format: "corefly-lab-v1",
    rootLabel,
    kernel: file("kernel"),
    initrd: file("initrd"),
    root: file("root"),
  };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? { ...value }
    : undefined;
}
