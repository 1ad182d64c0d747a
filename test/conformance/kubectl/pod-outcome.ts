// SPDX-License-Identifier: Apache-2.0
// How a pod of pod-cases.ts ended.
import type { ContainerStatus, Place } from "./place.ts";
import type { PodCase } from "./pod-case.ts";

export interface PodOutcome {
  readonly phase: string;
  /** As "137 OOMKilled"; those that ended well are left out. */
  readonly ended: Readonly<Record<string, string>>;
  /** Those that were not restarted are left out. */
  readonly restarts: Readonly<Record<string, number>>;
  readonly logs: Readonly<Record<string, string>>;
}

/** Waits for its end. */
export async function podOutcome(
  place: Place,
  { name }: Pick<PodCase, "name">,
): Promise<PodOutcome> {
  const isOver = ({ state }: ContainerStatus) => state.terminated !== undefined;
  const { status } = await place.until(
    name,
    ({ status: { phase, containerStatuses, initContainerStatuses } }) =>
      (phase === "Succeeded" || phase === "Failed") &&
      [...(containerStatuses ?? []), ...(initContainerStatuses ?? [])].every(isOver),
  );
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const ended: Record<string, string> = {};
  const restarts: Record<string, number> = {};
  const logs: Record<string, string> = {};
  for (const { name: container, restartCount, state } of all) {
    const { exitCode, reason, message } = state.terminated ?? {};
    if (exitCode !== 0 || reason !== "Completed") {
      ended[container] = [exitCode, reason, said(reason, message)]
        .filter((each) => each !== "")
        .join(" ");
    }
    if (restartCount > 0) {
      restarts[container] = restartCount;
    }
    logs[container] = reason === "StartError" ? "" : await place.logs(name, container);
  }
  return { phase: status.phase, ended, restarts, logs };
}

/** The termination message; of a program that cannot be started crun's own words, without the server's around them. */
function said(reason: string | undefined, message = ""): string {
  return reason === "StartError"
    ? (/(executable file .*?|open executable.*?)(: unknown)?$/.exec(message)?.[1] ?? message)
    : message.trim();
}
