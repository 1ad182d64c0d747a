// SPDX-License-Identifier: Apache-2.0
// The artefacts that a cluster is made of, and the names that its images have on the nodes.

import { type ArtifactName, artifacts } from "../../artifacts/table.ts";
import { InvalidArgumentError } from "./invalid-argument-error.ts";

/** Archives that are unpacked into the runtime's folder on a node. */
export const NODE_ARCHIVES = ["node", "node-tools", "cni-plugins", "crictl"] as const;

/** Images that every cluster pulls from the mirror. */
const CLUSTER_IMAGES = ["etcd", "coredns"];

/** Components that there is an image of. */
const COMPONENTS = Object.keys(artifacts)
  .filter((name) => name.endsWith("-oci"))
  .map((name) => name.slice(0, -"-oci".length));

/** The signed image that nodes fetch as an ACI. */
export const KUBERNETES_ACI = "kubernetes-aci";

/** The domain under which our images are named and signed. */
export const IMAGE_PREFIX = "corefly.dev";

/**
 * Components whose images the mirror serves: those of every cluster, and the user's.
 *
 * @throws InvalidArgumentError naming one that there is no image of
 */
export function clusterImages(more: readonly string[]): readonly string[] {
  const unknown = more.findIndex((component) => !COMPONENTS.includes(component));
  if (unknown >= 0) {
    throw new InvalidArgumentError(
      `images[${unknown}]`,
      `there is no image "${more[unknown]}", expected one of ${COMPONENTS.join(", ")}`,
    );
  }
  return [...new Set([...CLUSTER_IMAGES, ...more])];
}

/** `corefly.dev/etcd:v3.6.16`, for a component with an image of ours. */
export function imageReference(component: string): string {
  return `${IMAGE_PREFIX}/${component}:${artifactOf(component).version}`;
}

/** The artefact that holds a component's image as an OCI layout. */
export function imageArtifact(component: string): ArtifactName {
  return artifactNamed(`${component}-oci`);
}

/** Versions of Kubernetes that there are artefacts of, newest first. */
export function kubernetesVersions(): readonly string[] {
  return [artifacts.kubernetes.version];
}

/** Where the mirror has ACIs: a template of appc discovery, without the mirror's address. */
export const ACI_TEMPLATE = "aci/{name}-{version}-{os}-{arch}.aci";

/** Path of the Kubernetes ACI on the mirror. */
export function aciPath(architecture: string): string {
  const { version } = artifacts.kubernetes;
  return `aci/${IMAGE_PREFIX}/kubernetes-${version}-linux-${architecture}.aci`;
}

function artifactOf(name: string): { readonly version: string } {
  return artifacts[artifactNamed(name)];
}

function artifactNamed(name: string): ArtifactName {
  if (!(name in artifacts)) {
    throw new Error(`There is no artefact "${name}"`);
  }
  return name as ArtifactName;
}
