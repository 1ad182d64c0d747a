// SPDX-License-Identifier: Apache-2.0
// What every cluster gets applied on top of its control plane: kube-proxy, CoreDNS, and the user's manifests.

import { createHash } from "node:crypto";
import { stringify } from "yaml";
import type { ClusterSettings } from "../settings.ts";
import { coreDns } from "./coredns.ts";
import { kubeProxy } from "./kube-proxy.ts";
import { clusterRoleBinding, type KubernetesObject, parseManifest } from "./kubernetes-object.ts";

/** Every addon has it; its value names the set of addons, so that those of an older set are found and removed. */
const ADDON_LABEL = "corefly.dev/addons";

export interface AddonImages {
  readonly kubernetes: string;
  readonly coredns: string;
}

/** A set of addons, as files for the controller. */
export interface AddonSet {
  /** File name below /etc/kubernetes/addons → manifest, each object with the addons' label. */
  readonly files: Readonly<Record<string, string>>;
  /** Selects what an older set had and this one does not. */
  readonly outdatedSelector: string;
  /** What kubectl removes of it, by resource and group. */
  readonly outdatedKinds: readonly string[];
}

/**
 * Plans the addons of every cluster and the user's own.
 *
 * @throws InvalidArgumentError for a manifest that is no Kubernetes object
 */
export function planAddons(
  settings: ClusterSettings,
  images: AddonImages,
  manifests: readonly string[],
): AddonSet {
  const objects: Readonly<Record<string, readonly KubernetesObject[]>> = {
    "kubelet-access.yaml": kubeletAccess(),
    "kube-proxy.yaml": kubeProxy(settings, images.kubernetes),
    "coredns.yaml": coreDns(settings, images.coredns),
    ...Object.fromEntries(
      manifests.map((text, index) => [
        `manifest-${index}.yaml`,
        parseManifest(text, `manifests[${index}]`),
      ]),
    ),
  };
  const set = createHash("sha256").update(JSON.stringify(objects)).digest("hex").slice(0, 16);
  return {
    files: mapValues(objects, (all) => documents(all, set)),
    outdatedSelector: `${ADDON_LABEL},${ADDON_LABEL}!=${set}`,
    outdatedKinds: OUTDATED_KINDS,
  };
}

/** Kinds that addons are made of. Namespaces are left: they hold what others put there. */
const OUTDATED_KINDS: readonly string[] = [
  "deployments.apps",
  "daemonsets.apps",
  "statefulsets.apps",
  "jobs.batch",
  "cronjobs.batch",
  "pods",
  "services",
  "ingresses.networking.k8s.io",
  "networkpolicies.networking.k8s.io",
  "poddisruptionbudgets.policy",
  "configmaps",
  "secrets",
  "serviceaccounts",
  "roles.rbac.authorization.k8s.io",
  "rolebindings.rbac.authorization.k8s.io",
  "clusterroles.rbac.authorization.k8s.io",
  "clusterrolebindings.rbac.authorization.k8s.io",
];

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Readonly<Record<string, To>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

function documents(all: readonly KubernetesObject[], set: string): string {
  return all
    .map((object) => ({
      ...object,
      metadata: {
        ...object.metadata,
        labels: { ...object.metadata.labels, [ADDON_LABEL]: set },
      },
    }))
    .map((object) => stringify(object))
    .join("---\n");
}

/** The API server reaches kubelets as a user of its own, which may do that and nothing else. */
function kubeletAccess(): readonly KubernetesObject[] {
  return [
    clusterRoleBinding("corefly:kubelet-api", "system:kubelet-api-admin", {
      kind: "User",
      apiGroup: "rbac.authorization.k8s.io",
      name: "kube-apiserver-kubelet-client",
    }),
  ];
}
