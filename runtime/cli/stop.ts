// SPDX-License-Identifier: Apache-2.0
// `corefly stop`: asks pods to end.
import { EXIT_FAILURE, PodStateError } from "../errors.ts";
import type { Pod } from "../pod/pod.ts";
import { Pods } from "../pod/pods.ts";
import { signalPod } from "../pod/stop.ts";
import { isKubeletPod } from "../pod/view.ts";
import { errorLine } from "./errors.ts";
import { type FlagSpec, parseFlags } from "./flags.ts";
import { EXIT_UUID_FILE, podWords, UUID_FILE_FLAG, UuidFileError } from "./pod-arguments.ts";
import type { Verb } from "./verb.ts";

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
  run: async (args, context) => {
    const { system, globals, out, warn } = context;
    const flags = parseFlags(FLAGS, args);
    let words: readonly string[];
    try {
      words = podWords(flags, context);
    } catch (error) {
      if (error instanceof UuidFileError) {
        warn(errorLine(error));
        return EXIT_UUID_FILE;
      }
      throw error;
    }
    const pods = new Pods(system, globals.dataDir);
    let failures = 0;
    for (const word of words) {
      try {
        using pod = pods.get(word);
        requireOwn(pod, isKubeletPod(system, pod));
        const state = pod.state();
        if (["exited", "exited garbage", "deleting", "garbage"].includes(state)) {
          out(`pod "${pod.uuid}" is already stopped\n`);
          continue;
        }
        signalPod(system, pod, flags.boolean("force") ? "SIGKILL" : "SIGTERM");
        out(`"${pod.uuid}"\n`);
      } catch (error) {
        failures += 1;
        warn(errorLine(error));
      }
    }
    if (failures > 0 && words.length > 1) {
      warn(`failed to stop ${failures} pod(s)`);
    }
    return failures === 0 ? 0 : EXIT_FAILURE;
  },
};

/** Throws PodStateError for pods that the kubelet would only make again, or lose track of. */
export function requireOwn(pod: Pod, isKubelets: boolean): void {
  if (isKubelets) {
    throw new PodStateError(
      `pod "${pod.uuid}" belongs to the kubelet: delete it there (kubectl delete pod)`,
    );
  }
}
