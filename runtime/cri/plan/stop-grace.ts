// SPDX-License-Identifier: Apache-2.0
// The kubelet tells a container's grace period in a note of its own; systemd, which ends what is left when a machine goes
// down, is told it too.

/** pkg/kubelet/kuberuntime/labels.go: `terminationGracePeriodSeconds` of the pod, in decimal. */
const NOTE = "io.kubernetes.pod.terminationGracePeriod";

/** systemd's own default for a unit's stop: no pod may keep a machine up for longer. */
const MAX_SECONDS = 90;

/** Seconds (1 to 90) from SIGTERM to SIGKILL; undefined, systemd's default, without a sensible note. */
export function stopGraceSeconds(
  annotations: Readonly<Record<string, string>>,
): number | undefined {
  const note = annotations[NOTE];
  return note === undefined || !/^[0-9]{1,9}$/.test(note)
    ? undefined
    : Math.min(Math.max(Number(note), 1), MAX_SECONDS);
}
