// SPDX-License-Identifier: Apache-2.0
// Names of clusters and nodes, and the labels that a kubelet may give itself.

import { InvalidArgumentError } from "./invalid-argument-error.ts";

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
const LABEL_NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** Prefixes under kubernetes.io that the API server lets a kubelet set (NodeRestriction admission). */
const KUBELET_PREFIXES = ["kubelet.kubernetes.io", "node.kubernetes.io"];
const KUBELET_LABELS = new Set([
  "kubernetes.io/hostname",
  "kubernetes.io/arch",
  "kubernetes.io/os",
  "beta.kubernetes.io/arch",
  "beta.kubernetes.io/os",
  "topology.kubernetes.io/region",
  "topology.kubernetes.io/zone",
]);

/** A node's name is its host name and a label value: an RFC 1123 label of at most 63 characters. */
export function checkNodeName(name: string, argument: string): string {
  if (name.length > 63) {
    throw new InvalidArgumentError(
      argument,
      `"${name}" has ${name.length} characters, expected at most 63`,
    );
  }
  if (!LABEL.test(name)) {
    throw new InvalidArgumentError(
      argument,
      `"${name}" is not a host name, expected lower-case letters, digits and inner hyphens`,
    );
  }
  return name;
}

/** `lab-controller-0`: stable when other pools come and go. */
export function nodeName(cluster: string, pool: string, index: number): string {
  return checkNodeName(`${cluster}-${pool}-${index}`, "name");
}

/**
 * Labels that the kubelet registers itself with.
 *
 * @throws InvalidArgumentError for a label that would keep the kubelet from starting (`node-role.kubernetes.io/…`)
 */
export function checkNodeLabels(labels: Readonly<Record<string, string>>, argument: string): void {
  for (const [key, value] of Object.entries(labels)) {
    const slash = key.indexOf("/");
    const prefix = key.slice(0, Math.max(slash, 0));
    const name = key.slice(slash + 1);
    if (
      !LABEL_NAME.test(name) ||
      name.length > 63 ||
      !LABEL_VALUE.test(value) ||
      value.length > 63
    ) {
      throw new InvalidArgumentError(argument, `"${key}=${value}" is not a Kubernetes label`);
    }
    if (isReserved(prefix) && !KUBELET_LABELS.has(key)) {
      throw new InvalidArgumentError(
        argument,
        `a kubelet may not give itself the label "${key}", expected one under node.kubernetes.io or a domain of your own`,
      );
    }
  }
}

function isReserved(prefix: string): boolean {
  const ofKubernetes = ["kubernetes.io", "k8s.io"].some(
    (domain) => prefix === domain || prefix.endsWith(`.${domain}`),
  );
  const allowed = KUBELET_PREFIXES.some(
    (domain) => prefix === domain || prefix.endsWith(`.${domain}`),
  );
  return ofKubernetes && !allowed;
}
