// SPDX-License-Identifier: Apache-2.0
// `corefly run`: fetches and verifies the image if needed, makes a pod, and becomes it.
import { InternalError } from "../errors.ts";
import { Pods } from "../pod/pods.ts";
import { newPodUuid } from "../pod/uuid.ts";
import { parseEnvironmentFile } from "../stage0/environment.ts";
import { type PodPlan, planPod, type RunProtection } from "../stage0/pod-plan.ts";
import type { RunRequest } from "../stage0/request.ts";
import { runPod } from "../stage0/run.ts";
import { VERSION } from "../system/version.ts";
import { describeFlags } from "./flags.ts";
import { obtainImage } from "./images.ts";
import { ociHost } from "./oci-host.ts";
import { parseRunArguments } from "./run-arguments.ts";
import { APP_FLAGS, POD_FLAGS } from "./run-flags.ts";
import type { Verb, VerbContext } from "./verb.ts";

export const verb: Verb = {
  name: "run",
  summary: "Run an image as a pod, in the foreground",
  usage: "[FLAGS] IMAGE [APP FLAGS] [-- ARGUMENTS...]",
  description: `The process becomes the app: it keeps its pid, and the app's exit code is its own.

IMAGE is a name (example.com/app:1.0), docker://NAME, the id of a stored image, a path or a URL of an .aci file.

Flags of the app, behind its image:
${describeFlags(APP_FLAGS).trimEnd()}`,
  flags: POD_FLAGS,
  positionalsEndFlags: true,
  needsRoot: true,
  run: async (args, context) => {
    const request = parseRunArguments(args);
    const { system, globals, out, warn, signal } = context;
    const pods = new Pods(system, globals.dataDir);
    // Until the pod's manifest names the image, image gc must not collect it.
    const lock = request.dryRun ? undefined : pods.prepareLock("shared");
    const plan = await makePlan(request, context);
    if (request.dryRun) {
      out(`${JSON.stringify(plan, undefined, "\t")}\n`);
      return 0;
    }
    for (const warning of plan.warnings) {
      warn(warning);
    }
    signal.throwIfAborted();
    await runPod({ system, pods, oci: ociHost(context), warn }, plan, {
      uuidFileSave: request.uuidFileSave,
      signal,
      onPrepared: () => lock?.[Symbol.dispose](),
    });
    throw new InternalError("Cannot go on: the pod has not taken this process's place");
  },
};

async function makePlan(request: RunRequest, context: VerbContext): Promise<PodPlan> {
  const { system, globals, env } = context;
  const image = await obtainImage(request, context);
  const protections: readonly RunProtection[] = ["capabilities", "paths", "seccomp"];
  return planPod({
    uuid: newPodUuid(),
    version: VERSION,
    request,
    image,
    environment: env,
    fileEnvironment: request.environmentFiles.flatMap((path) =>
      parseEnvironmentFile(system.files.readTextSync(path), path),
    ),
    insecure: protections.filter((name) => globals.insecureOptions.has(name)),
    host: { os: "linux", arch: process.arch === "arm64" ? "aarch64" : "amd64" },
  });
}
