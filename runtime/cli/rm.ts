// SPDX-License-Identifier: Apache-2.0
// `corefly rm`: removes pods that are over.
import { EXIT_FAILURE, NotFoundError, PodStateError } from "../errors.ts";
import type { Pod } from "../pod/pod.ts";
import { Pods } from "../pod/pods.ts";
import { isKubeletPod } from "../pod/view.ts";
import { type RemoveHost, removePod } from "../stage0/remove.ts";
import { errorLine } from "./errors.ts";
import { parseFlags } from "./flags.ts";
import { ociHost } from "./oci-host.ts";
import { podWords, UUID_FILE_FLAG } from "./pod-arguments.ts";
import { requireOwn } from "./stop.ts";
import type { Verb } from "./verb.ts";

const FLAGS = [UUID_FILE_FLAG];

export const verb: Verb = {
  name: "rm",
  summary: "Remove pods that are over",
  usage: "UUID... | --uuid-file=FILE",
  flags: FLAGS,
  needsRoot: true,
  run: async (args, context) => {
    const { system, globals, out, warn } = context;
    const words = podWords(parseFlags(FLAGS, args), context);
    const pods = new Pods(system, globals.dataDir);
    const host = { system, oci: ociHost(context) };
    let failures = 0;
    for (const word of words) {
      try {
        using pod = pods.get(word);
        await remove(host, pod);
        out(`"${pod.uuid}"\n`);
      } catch (error) {
        failures += 1;
        warn(errorLine(error));
      }
    }
    if (failures > 0 && words.length > 1) {
      warn("failed to remove one or more pods");
    }
    return failures === 0 ? 0 : EXIT_FAILURE;
  },
};

async function remove(host: RemoveHost, pod: Pod): Promise<void> {
  requireOwn(pod, isKubeletPod(host.system, pod));
  const state = pod.state();
  if (state === "running" || state === "preparing") {
    throw new PodStateError(`pod "${pod.uuid}" is currently ${state}`);
  }
  try {
    await pod.lock();
  } catch (error) {
    if (error instanceof NotFoundError) {
      return; // somebody else has removed or collected it
    }
    throw error;
  }
  pod.moveTo("garbage");
  await removePod(host, pod);
}
