// SPDX-License-Identifier: Apache-2.0
// `corefly stop`: asks pods to end.
import { PodStateError } from "../errors.ts";
import type { Pod } from "../pod/pod.ts";
import { killPod, terminatePod } from "../pod/stop.ts";
import { isKubeletPod } from "../pod/view.ts";
import { type FlagSpec, parseFlags } from "./flags.ts";
import { forEachPod, podWords, UUID_FILE_FLAG, withUuidFileCode } from "./pod-arguments.ts";
import type { Verb, VerbContext } from "./verb.ts";

const FLAGS: readonly FlagSpec[] = [
  { name: "force", kind: "boolean", help: "Kill it instead of asking it" },
  UUID_FILE_FLAG,
];

export const verb: Verb = {
  name: "stop",
  summary: "Stop pods",
  usage: "[--force] UUID... | --uuid-file=FILE",
  flags: FLAGS,
  needsRoot: true,
  run: (args, context) => {
    const flags = parseFlags(FLAGS, args);
    const end = flags.boolean("force") ? killPod : terminatePod;
    return withUuidFileCode(context, async () =>
      forEachPod(
        podWords(flags, context),
        context,
        (pod) => stop(pod, end, context),
        (failures) => `failed to stop ${failures} pod(s)`,
      ),
    );
  },
};

function stop(pod: Pod, end: typeof killPod, { system, out }: VerbContext): void {
  requireOwn(pod, isKubeletPod(system, pod));
  if (["exited", "exited garbage", "deleting", "garbage"].includes(pod.state())) {
    out(`pod "${pod.uuid}" is already stopped\n`);
    return;
  }
  end(system, pod);
  out(`"${pod.uuid}"\n`);
}

/** Throws PodStateError for pods that the kubelet would only make again, or lose track of. */
export function requireOwn(pod: Pod, isKubelets: boolean): void {
  if (isKubelets) {
    throw new PodStateError(
      `pod "${pod.uuid}" belongs to the kubelet: delete it there (kubectl delete pod)`,
    );
  }
}
