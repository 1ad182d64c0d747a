// SPDX-License-Identifier: Apache-2.0
// Whether KVM works on this workstation. Some have the device, and even take machines, which then never run.

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Accelerator,
  KVM_PROBE_STATUS,
  kvmProbeArguments,
  kvmProbeSector,
} from "../../platforms/qemu/plan/machine.ts";
import { QEMU } from "./programs.ts";

const PROBE_MS = 2_000;

/** The fastest accelerator that works: a boot sector is run under KVM. */
export async function findAccelerator(signal: AbortSignal): Promise<Accelerator> {
  const folder = await mkdtemp(join(tmpdir(), "corefly-kvm-"));
  try {
    const image = join(folder, "sector");
    await writeFile(image, kvmProbeSector());
    const child = spawn(QEMU, [...kvmProbeArguments(image)], {
      cwd: folder,
      stdio: "ignore",
      timeout: PROBE_MS,
      killSignal: "SIGKILL",
      signal,
    });
    const status = await new Promise<number | null>((resolve) => {
      child.once("error", () => resolve(null));
      child.once("close", (code) => resolve(code));
    });
    return status === KVM_PROBE_STATUS ? "kvm" : "tcg";
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
