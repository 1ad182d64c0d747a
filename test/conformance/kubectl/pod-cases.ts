// SPDX-License-Identifier: Apache-2.0
// Pods that say in their logs what they found: one for each thing that a pod's spec can ask of the CRI server.
import type { PodCase } from "./pod-case.ts";
import { END_CASES } from "./pod-end-cases.ts";
import { ENVIRONMENT_CASES } from "./pod-environment-cases.ts";
import { SECURITY_CASES } from "./pod-security-cases.ts";
import { VOLUME_CASES } from "./pod-volume-cases.ts";

export const POD_CASES: readonly PodCase[] = [
  ...SECURITY_CASES,
  ...VOLUME_CASES,
  ...ENVIRONMENT_CASES,
  ...END_CASES,
];

/** What these pods refer to. */
export const POD_OBJECTS: readonly object[] = [
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "settings", namespace: "default" },
    data: { a: "from settings\n" },
  },
  {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "password", namespace: "default" },
    stringData: { p: "secret\n" },
  },
];
