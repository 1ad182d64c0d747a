// SPDX-License-Identifier: Apache-2.0
// Everything about a cluster that can be decided before anything exists: what a preview shows and checks.

import type { IgnitionConfig } from "ignition-config-types";
import type { ArtifactName } from "../../artifacts/table.ts";
import { COREFLY_VERSION } from "../../artifacts/version.ts";
import type { NamedConfig } from "../../ignition/merge.ts";
import { type NamedEntries, namedEntries } from "../../ignition/named-entries.ts";
import { parseSnippet, SnippetError } from "../../ignition/parse.ts";
import { etcdDevice, QEMU_NODE_UNITS } from "../../platforms/qemu/plan/node-units.ts";
import { planAddons } from "./addons/addon-set.ts";
import { type CertificatePlan, clusterCertificates, kubeletCertificate } from "./certificates.ts";
import { controllerConfig, type Download } from "./controller.ts";
import {
  ACI_TEMPLATE,
  aciPath,
  clusterImages,
  IMAGE_PREFIX,
  imageArtifact,
  imageReference,
  KUBERNETES_ACI,
  kubernetesVersions,
  NODE_ARCHIVES,
} from "./images.ts";
import { InvalidArgumentError } from "./invalid-argument-error.ts";
import { type MachineArgs, type MachineSettings, machineSettings } from "./machine.ts";
import { nodeConfig } from "./node-config.ts";
import { type NodeSecrets, placeholderSecrets } from "./node-secrets.ts";
import { API_SERVER_PORT, type PublishedPort, type StackPorts, stackPorts } from "./ports.ts";
import {
  type ClusterSettings,
  type ClusterSettingsArgs,
  clusterSettings,
  type NodeSettings,
} from "./settings.ts";

/** What the plan follows from; a subset of the component's arguments, with where it runs. */
export interface ClusterPlanArgs extends ClusterSettingsArgs, MachineArgs {
  readonly manifests?: readonly string[] | undefined;
  readonly images?: readonly string[] | undefined;
  readonly publish?: readonly PublishedPort[] | undefined;
  readonly mirrorPort?: number | undefined;
  readonly apiServerPort?: number | undefined;
  readonly controllerSnippets?: readonly string[] | undefined;
  /** What tells this cluster from others of the workstation: ports follow from it. */
  readonly identity: string;
  readonly architecture: "amd64" | "arm64";
}

export interface ClusterPlan {
  readonly settings: ClusterSettings;
  readonly machine: MachineSettings;
  readonly ports: StackPorts;
  readonly certificates: readonly CertificatePlan[];
  /** Components whose images the mirror serves. */
  readonly images: readonly string[];
  readonly artifacts: readonly ArtifactName[];
  /** Path of the Kubernetes ACI on the mirror. */
  readonly aci: string;
  readonly forwards: readonly PortForward[];
  readonly urls: Readonly<Record<string, string>>;
}

/** A port of the workstation that leads to one of the node; `name` is the argument by which another is chosen. */
export interface PortForward {
  readonly name: string;
  readonly host: number;
  readonly guest: number;
}

/** The workstation as a node on QEMU's user network sees it. */
const WORKSTATION = "10.0.2.2";

/** Artefacts that nodes download as files; the runtime is one program, the others are archives. */
export const NODE_DOWNLOADS: readonly ArtifactName[] = [...NODE_ARCHIVES, "runtime"];

/**
 * Plans a cluster and checks everything that does not depend on keys.
 *
 * @throws InvalidArgumentError naming the argument
 */
export function planCluster(args: ClusterPlanArgs): ClusterPlan {
  checkLists(args);
  const settings = clusterSettings(args, { kubernetes: kubernetesVersions() });
  const publish = args.publish ?? [];
  const ports = stackPorts(
    args.identity,
    { mirror: args.mirrorPort, apiServer: args.apiServerPort },
    publish,
  );
  const images = clusterImages(args.images ?? []);
  const plan: ClusterPlan = {
    settings,
    machine: machineSettings(args),
    ports,
    certificates: certificatesOf(settings, ports),
    images,
    artifacts: [...NODE_DOWNLOADS, KUBERNETES_ACI, ...images.map(imageArtifact)],
    aci: aciPath(args.architecture),
    forwards: [
      { name: "apiServerPort", host: ports.apiServer, guest: API_SERVER_PORT },
      ...publish.map(({ nodePort }, index) => ({
        name: `publish[${index}].port`,
        host: ports.published[index] ?? 0,
        guest: nodePort,
      })),
    ],
    urls: Object.fromEntries(
      publish.map(({ name }, index) => [name, `http://127.0.0.1:${ports.published[index]}/`]),
    ),
  };
  checkConfigs(plan, args);
  return plan;
}

/** The Ignition config of one controller. */
export function controllerIgnition(
  plan: ClusterPlan,
  node: NodeSettings,
  args: Pick<ClusterPlanArgs, "manifests" | "controllerSnippets">,
  secrets: NodeSecrets,
  digests: Readonly<Record<string, { readonly sha512: string }>>,
): string {
  return nodeConfig(
    baseConfig(plan, node, args.manifests ?? [], secrets, digests),
    snippets(args.controllerSnippets ?? []),
    "controllerSnippets",
  );
}

/**
 * The parts of that config by name, with stand-ins for keys and certificates: what of it is known before they are.
 */
export function controllerParts(
  plan: ClusterPlan,
  node: NodeSettings,
  args: Pick<ClusterPlanArgs, "manifests" | "controllerSnippets">,
  digests: Readonly<Record<string, { readonly sha512: string }>>,
): NamedEntries {
  const secrets = placeholderSecrets(plan.certificates);
  return namedEntries(JSON.parse(controllerIgnition(plan, node, args, secrets, digests)));
}

function baseConfig(
  plan: ClusterPlan,
  node: NodeSettings,
  manifests: readonly string[],
  secrets: NodeSecrets,
  digests: Readonly<Record<string, { readonly sha512: string }>>,
): IgnitionConfig {
  const mirror = `http://${WORKSTATION}:${plan.ports.mirror}`;
  const kubernetes = imageReference("kubernetes");
  const download = (name: string): Download => ({
    url: `${mirror}/files/${name}`,
    sha512: digests[name]?.sha512 ?? "",
  });
  return controllerConfig(plan.settings, node, {
    runtimeVersion: COREFLY_VERSION,
    archives: Object.fromEntries(NODE_ARCHIVES.map((name) => [name, download(name)])),
    runtime: download("runtime"),
    // By name, not by place: then the image must be of this name and version, whoever signed another one.
    kubeletImage: kubernetes,
    images: { kubernetes, etcd: imageReference("etcd") },
    mirrors: [
      {
        prefix: IMAGE_PREFIX,
        location: `${mirror}/${IMAGE_PREFIX}`,
        aci: `${mirror}/${ACI_TEMPLATE}`,
      },
    ],
    secrets,
    addons: planAddons(
      plan.settings,
      { kubernetes, coredns: imageReference("coredns") },
      manifests,
    ),
    etcdDevice: etcdDevice(),
    platformUnits: QEMU_NODE_UNITS,
  });
}

/** Plans every config with stand-ins for what is not known yet, so that a first preview finds what an `up` would. */
function checkConfigs(plan: ClusterPlan, args: ClusterPlanArgs): void {
  const digests = Object.fromEntries(
    NODE_DOWNLOADS.map((name) => [name, { sha512: "0".repeat(128) }]),
  );
  for (const node of plan.settings.controllers) {
    controllerIgnition(plan, node, args, placeholderSecrets(plan.certificates), digests);
  }
}

function snippets(texts: readonly string[]): readonly NamedConfig[] {
  return texts.map((text, index) => {
    const argument = `controllerSnippets[${index}]`;
    try {
      return parseSnippet(text, argument);
    } catch (error) {
      if (!(error instanceof SnippetError)) throw error;
      throw new InvalidArgumentError(argument, firstProblem(error, argument), { cause: error });
    }
  });
}

/** The parser names the snippet as a file would be: `controllerSnippets[0]:3:5: …`. */
function firstProblem({ problems }: SnippetError, argument: string): string {
  const [first = "", ...others] = problems;
  const text = first
    .slice(argument.length + 1)
    .replace(/^(\d+):(\d+): /, (_, line, column) => `line ${line}, column ${column}: `);
  return others.length > 0 ? `${text} (and ${others.length} more)` : text;
}

/** Arguments often come from a stack's settings, where no compiler looked at them. */
function checkLists(args: ClusterPlanArgs): void {
  const { manifests, images, controllerSnippets, sshAuthorizedKeys, publish } = args;
  const texts = { manifests, images, controllerSnippets, sshAuthorizedKeys };
  for (const [argument, list] of Object.entries({ ...texts, publish })) {
    if (list !== undefined && !Array.isArray(list)) {
      throw new InvalidArgumentError(argument, `found ${typeof list}, expected a list`);
    }
  }
  for (const [argument, list = []] of Object.entries(texts)) {
    const index = list.findIndex((text: unknown) => typeof text !== "string");
    if (index >= 0) {
      throw new InvalidArgumentError(
        `${argument}[${index}]`,
        `found ${typeof list[index]}, expected a text`,
      );
    }
  }
}

function certificatesOf(settings: ClusterSettings, ports: StackPorts): readonly CertificatePlan[] {
  return [
    ...clusterCertificates({
      serviceRanges: [settings.serviceRange],
      clusterDomain: settings.clusterDomain,
      endpoints: [`https://127.0.0.1:${ports.apiServer}`],
      nodes: settings.controllers,
    }),
    ...settings.controllers.map(({ name }) => kubeletCertificate(name)),
  ];
}
