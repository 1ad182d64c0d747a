// SPDX-License-Identifier: Apache-2.0
// `corefly rm`: removes pods that are over.
import { NotFoundError, PodStateError } from "../errors.ts";
import type { Pod } from "../pod/pod.ts";
import { isKubeletPod } from "../pod/view.ts";
import { type RemoveHost, removePod } from "../stage0/remove.ts";
import { parseFlags } from "./flags.ts";
import { ociHost } from "./oci-host.ts";
import { forEachPod, podWords, UUID_FILE_FLAG } from "./pod-arguments.ts";
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
    const { system, out } = context;
    const host = { system, oci: ociHost(context) };
    return forEachPod(
      podWords(parseFlags(FLAGS, args), context),
      context,
      async (pod) => {
        await remove(host, pod);
        out(`"${pod.uuid}"\n`);
      },
      () => "failed to remove one or more pods",
    );
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
