// SPDX-License-Identifier: Apache-2.0
// The component that people put into their programs: a Kubernetes cluster on CoreOS machines.

import * as pulumi from "@pulumi/pulumi";
import { Artifacts } from "../provider/resources/artifacts.ts";
import { ClusterReady } from "../provider/resources/cluster-ready.ts";
import { Disk } from "../provider/resources/disk.ts";
import { ImageSignature } from "../provider/resources/image-signature.ts";
import { LabImage } from "../provider/resources/lab-image.ts";
import { Mirror } from "../provider/resources/mirror.ts";
import { QemuMachine } from "../provider/resources/qemu-machine.ts";
import { SigningKey } from "../provider/resources/signing-key.ts";
import { type ConfigContents, configContents } from "./contents.ts";
import { clusterIdentity } from "./identity.ts";
import { knownContent, type NodeContent, plainContent, type TextInputs } from "./node-content.ts";
import { createPki } from "./pki.ts";
import {
  type ClusterPlan,
  controllerIgnition,
  controllerParts,
  NODE_DOWNLOADS,
  planCluster,
} from "./plan/cluster-plan.ts";
import { imageArtifact, imageReference, KUBERNETES_ACI } from "./plan/images.ts";
import { InvalidArgumentError } from "./plan/invalid-argument-error.ts";
import { adminKubeconfig } from "./plan/kubeconfig.ts";
import type { PublishedPort } from "./plan/ports.ts";
import type { NodeSettings } from "./plan/settings.ts";

/** Arguments of a {@link Cluster}. They are checked at preview, with the argument's name in the error. */
export interface ClusterArgs {
  /** Default `lab`. `fedora-coreos` and `flatcar` are known, but have no machine image yet. */
  readonly os?: string | undefined;
  /** Default and, for now, only value: 1. The controller takes work too. */
  readonly controllerCount?: number | undefined;
  /** Default and, for now, only value: 0. */
  readonly workerCount?: number | undefined;
  /** Default 2. */
  readonly controllerCpus?: number | undefined;
  /** Default 4096. */
  readonly controllerMemoryMiB?: number | undefined;
  /** Ignition configs as JSON text, merged on top of ours; the snippet wins. */
  readonly controllerSnippets?: TextInputs;
  /** Size of the disk that keeps etcd's data and outlives the machine; default 4. It can grow: the machine's next start sees it. */
  readonly etcdDiskGiB?: number | undefined;
  /** `v1.37.2`. */
  readonly kubernetesVersion?: string | undefined;
  /** Default 10.20.0.0/16. */
  readonly podCidr?: string | undefined;
  /** Default 10.3.0.0/16. */
  readonly serviceCidr?: string | undefined;
  /** Default `cluster.local`. */
  readonly clusterDomain?: string | undefined;
  /** Public keys for the user `core`. */
  readonly sshAuthorizedKeys?: TextInputs;
  readonly nodeLabels?: Readonly<Record<string, string>> | undefined;
  /** Kubernetes objects as YAML, applied on the controller; what goes from the list is removed, but for
   *  namespaces, volumes and custom resources: docs/decisions/001. */
  readonly manifests?: TextInputs;
  /** More images of ours for the mirror, by component: `caddy`. */
  readonly images?: readonly string[] | undefined;
  /** Node ports that the workstation reaches. */
  readonly publish?: readonly PublishedPort[] | undefined;
  /** The workstation's ports; they follow from the stack's name otherwise. */
  readonly mirrorPort?: number | undefined;
  readonly apiServerPort?: number | undefined;
  /** Where released artefacts are downloaded from instead of being built. */
  readonly artifactsUrl?: string | undefined;
}

/** A Kubernetes cluster: artefacts, keys, mirror, machines, and the wait until it is ready. */
export class Cluster extends pulumi.ComponentResource {
  /** The administrator's kubeconfig, a secret. */
  readonly kubeconfig: pulumi.Output<string>;
  readonly nodes: pulumi.Output<readonly string[]>;
  /** Address on the workstation of each published port, by name. */
  readonly urls: pulumi.Output<Readonly<Record<string, string>>>;
  /** What was ready when, as text. */
  readonly summary: pulumi.Output<string>;

  constructor(name: string, args: ClusterArgs = {}, options?: pulumi.ComponentResourceOptions) {
    super("corefly:index:Cluster", name, {}, options);
    const plan = this.#plan(name, args, plainContent(args));
    const content = knownContent(args).apply((known) => {
      this.#plan(name, args, known);
      return known;
    });
    const artifacts = new Artifacts(
      `${name}-artifacts`,
      { names: plan.artifacts, source: args.artifactsUrl },
      { parent: this },
    );
    const signingKey = new SigningKey(
      `${name}-signing-key`,
      { userId: `corefly cluster ${name} <images@corefly.dev>` },
      { parent: this },
    );
    const image = new LabImage(`${name}-lab-image`, { parent: this });
    const pki = createPki(name, plan.certificates, signingKey, this);
    const mirror = this.#mirror(name, plan, artifacts, signingKey);
    const machines = plan.settings.controllers.map((node) =>
      this.#controller(node, plan, {
        image,
        mirror,
        ignition: pulumi
          .all([content, pki.nodes, artifacts.files])
          .apply(([known, keys, files]) =>
            controllerIgnition(this.#plan(name, args, known), node, known, keys, files),
          ),
        contents: configContents(
          pulumi
            .all([content, artifacts.files])
            .apply(([known, files]) =>
              controllerParts(this.#plan(name, args, known), node, known, files),
            ),
          pki.serviceAccountKey,
          pki.fingerprints,
        ),
      }),
    );

    this.kubeconfig = pulumi.secret(
      pki.admin.apply((known) => adminKubeconfig(name, known, plan.ports.apiServer)),
    );
    const [machine] = machines;
    const ready = new ClusterReady(
      `${name}-ready`,
      {
        kubeconfig: this.kubeconfig,
        nodeNames: plan.settings.controllers.map((node) => node.name),
        journalPath: machine?.journalPath ?? "",
        consolePath: machine?.consolePath ?? "",
        trigger: machine?.startedAt ?? "",
        urls: Object.values(plan.urls),
      },
      { parent: this, dependsOn: machines },
    );
    this.summary = ready.summary;
    this.nodes = pulumi.output(plan.settings.controllers.map((node) => node.name));
    this.urls = pulumi.output(plan.urls);
    this.registerOutputs({ kubeconfig: this.kubeconfig, nodes: this.nodes, urls: this.urls });
  }

  /** The plan, or one line about the argument that cannot be used. */
  #plan(name: string, args: ClusterArgs, content: NodeContent): ClusterPlan {
    const architecture = process.arch === "arm64" ? "arm64" : "amd64";
    try {
      return planCluster({
        ...args,
        ...content,
        name,
        identity: clusterIdentity(name),
        architecture,
      });
    } catch (error) {
      if (error instanceof InvalidArgumentError) {
        throw new pulumi.ResourceError(error.message, this, true);
      }
      throw error;
    }
  }

  #mirror(name: string, plan: ClusterPlan, artifacts: Artifacts, signingKey: SigningKey): Mirror {
    const file = (artifact: string) => ({ sha512: digest(artifacts, artifact) });
    const signature = new ImageSignature(
      `${name}-kubernetes-signature`,
      { imageSha512: digest(artifacts, KUBERNETES_ACI), signingKey: signingKey.privateKey },
      { parent: this, dependsOn: [artifacts] },
    );
    return new Mirror(
      `${name}-mirror`,
      {
        port: plan.ports.mirror,
        portName: "mirrorPort",
        files: {
          [plan.aci]: file(KUBERNETES_ACI),
          [`${plan.aci}.asc`]: { text: signature.signature },
          ...Object.fromEntries(
            NODE_DOWNLOADS.map((artifact) => [`files/${artifact}`, file(artifact)]),
          ),
        },
        images: Object.fromEntries(
          plan.images.map((component) => [
            imageReference(component),
            file(imageArtifact(component)),
          ]),
        ),
      },
      { parent: this, dependsOn: [artifacts] },
    );
  }

  #controller(
    node: NodeSettings,
    plan: ClusterPlan,
    parts: {
      readonly image: LabImage;
      readonly mirror: Mirror;
      readonly ignition: pulumi.Output<string>;
      readonly contents: ConfigContents;
    },
  ): QemuMachine {
    const { image, mirror, ignition, contents } = parts;
    const disk = new Disk(
      `${node.name}-etcd`,
      { sizeGiB: plan.machine.etcdDiskGiB, label: "etcd" },
      { parent: this },
    );
    return new QemuMachine(
      node.name,
      {
        image: { lab: image.recipe },
        ignition: pulumi.secret(ignition),
        contents,
        cpus: plan.machine.cpus,
        memoryMiB: plan.machine.memoryMiB,
        disks: [disk.path],
        ports: [...plan.forwards],
      },
      { parent: this, dependsOn: [image, mirror] },
    );
  }
}

function digest(artifacts: Artifacts, name: string): pulumi.Output<string> {
  return artifacts.files.apply((files) => files[name]?.sha512 ?? "");
}
