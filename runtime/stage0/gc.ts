// SPDX-License-Identifier: Apache-2.0
// Collects pods that are over. Several collectors may run at once: whoever gets a pod's lock has it, the others pass on.

import type { Pod } from "../pod/pod.ts";
import type { Pods } from "../pod/pods.ts";
import type { Phase } from "../pod/state.ts";
import { isKubeletPod } from "../pod/view.ts";
import { isMissing } from "../system/files.ts";
import { type RemoveHost, removePod } from "./remove.ts";

export interface GcRules {
  /** How long an exited pod is kept after it was marked. */
  readonly graceMs: number;
  /** How long a prepared pod waits to be run. */
  readonly expirePreparedMs: number;
  /** Only mark: remove nothing. */
  readonly markOnly: boolean;
}

export interface GcReport {
  /** For stderr: what was moved where, and what stays for how long. */
  notice(message: string): void;
  /** For stdout: what is removed. */
  removing(uuid: string): void;
}

/** A pod that is not even prepared is somebody's work for moments; after this it is a leftover. */
const EMBRYO_MS = 3_600_000;

/** Answers the errors of single pods; they do not keep the others from being collected. */
export async function collectPods(
  host: RemoveHost & { readonly pods: Pods },
  rules: GcRules,
  report: GcReport,
): Promise<readonly unknown[]> {
  const { system, pods } = host;
  const errors: unknown[] = [];
  const forEach = async (phase: Phase, act: (pod: Pod) => Promise<void>) => {
    await pods.each([phase], async (pod) => {
      if (isKubeletPod(system, pod) || !pod.tryLock() || !pod.isStillThere()) {
        return;
      }
      try {
        await act(pod);
      } catch (error) {
        if (!isMissing(error)) {
          errors.push(error);
        }
      }
    });
  };
  const ageMs = (pod: Pod) => system.clock.now() - system.files.statSync(pod.dir).ctimeMs;
  const remove = async (pod: Pod) => {
    report.removing(pod.uuid);
    await removePod(host, pod);
  };

  await forEach("run", async (pod) => {
    report.notice(`moving pod "${pod.uuid}" to garbage`);
    pod.moveTo("exited-garbage");
  });
  await forEach("prepare", async (pod) => {
    report.notice(`moving failed prepare "${pod.uuid}" to garbage`);
    pod.moveTo("garbage");
  });
  await forEach("prepared", async (pod) => {
    if (ageMs(pod) >= rules.expirePreparedMs) {
      report.notice(`moving expired prepared pod "${pod.uuid}" to garbage`);
      pod.moveTo("garbage");
    }
  });
  if (rules.markOnly) {
    return errors;
  }
  await forEach("exited-garbage", async (pod) => {
    if (ageMs(pod) >= rules.graceMs) {
      await remove(pod);
    } else {
      report.notice(`pod "${pod.uuid}" not removed: still within grace period`);
    }
  });
  await forEach("garbage", remove);
  await forEach("embryo", async (pod) => {
    if (ageMs(pod) >= EMBRYO_MS) {
      await remove(pod);
    }
  });
  return errors;
}
