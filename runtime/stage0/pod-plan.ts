// SPDX-License-Identifier: Apache-2.0
// From what a user asked for and what the image says to everything that will be done: pure, and printed by --dry-run.
import { posix } from "node:path";
import { UsageError } from "../errors.ts";
import type { ImageApp } from "../image/image-app.ts";
import {
  type ExposedPort,
  FLAVOUR_ANNOTATION,
  type NameValue,
  type PodManifest,
  type Volume,
} from "../pod/manifest.ts";
import { planEnvironment } from "./environment.ts";
import { type MountPlan, planMounts, planVolumes } from "./mount-plan.ts";
import type { AppRequest, DnsRequest, Flavour, HostsRequest, RunRequest } from "./request.ts";
import { AC_NAME } from "./volumes.ts";

/** What the planner needs of a stored image. */
export interface PlannedImage {
  readonly id: string;
  readonly format: "aci" | "oci";
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly app: ImageApp;
  /** Rendered directories, topmost first. */
  readonly layers: readonly string[];
}

export interface PlanInput {
  readonly uuid: string;
  readonly version: string;
  readonly request: RunRequest;
  readonly image: PlannedImage;
  /** Our own environment, for --inherit-env. */
  readonly environment: Readonly<Record<string, string>>;
  /** Variables out of --set-env-file. */
  readonly fileEnvironment: readonly NameValue[];
  readonly insecure: readonly RunProtection[];
  /** appc's names: "linux", "amd64". */
  readonly host: { readonly os: string; readonly arch: string };
}

/** What --insecure-options can switch off for a running app. */
export type RunProtection = "capabilities" | "paths" | "seccomp";

export interface PortPlan {
  readonly name: string;
  readonly protocol: string;
  readonly containerPort: number;
  readonly hostPort: number;
  readonly hostIp: string;
}

export interface PlannedApp {
  readonly name: string;
  readonly image: { readonly id: string; readonly name: string };
  readonly layers: readonly string[];
  readonly args: readonly string[];
  /** Without what depends on the user (HOME, USER…), which is added when the image's passwd can be read. */
  readonly environment: readonly NameValue[];
  readonly workingDirectory: string;
  readonly user: string;
  readonly group: string;
  readonly supplementaryGids: readonly number[];
  readonly mounts: readonly MountPlan[];
  readonly readOnlyRootfs: boolean;
  readonly stopSignal: string;
  readonly request: Pick<
    AppRequest,
    "memoryBytes" | "cpuMillis" | "cpuShares" | "capabilities" | "oomScoreAdj"
  >;
}

export interface PodPlan {
  readonly uuid: string;
  readonly flavour: Flavour;
  readonly hostname: string;
  readonly network: string;
  readonly ports: readonly PortPlan[];
  readonly dns: DnsRequest;
  readonly hosts: HostsRequest;
  readonly interactive: boolean;
  /** Protections that were switched off by --insecure-options. */
  readonly insecure: readonly RunProtection[];
  readonly volumes: readonly Volume[];
  readonly app: PlannedApp;
  readonly manifest: PodManifest;
  /** What the user should know but does not have to act on. */
  readonly warnings: readonly string[];
}

/** Throws UsageError for what cannot be. */
export function planPod(input: PlanInput): PodPlan {
  const { request, uuid, image } = input;
  checkPlatform(image, input.host);
  const volumes = planVolumes(request.volumes, image.app, request.flavour);
  const app = planApp(input, request.app, image, volumes.volumes);
  const ports = request.ports.map((port) => planPort(port, image.app, app.name));
  const unused = request.volumes.filter(
    ({ name }) => !app.mounts.some(({ volume }) => volume === name),
  );
  return {
    uuid,
    flavour: request.flavour,
    hostname: request.hostname ?? `corefly-${uuid}`,
    network: request.network,
    ports,
    dns: request.dns,
    hosts: request.hosts,
    interactive: request.interactive,
    insecure: input.insecure,
    volumes: volumes.volumes,
    app,
    manifest: podManifest(input, app, volumes.volumes, ports, image, request.app),
    warnings: [
      ...volumes.warnings,
      ...unused.map(({ name }) => `Volume "${name}" is not mounted by any app`),
      ...flavourWarnings(request, request.app),
    ],
  };
}

/** rkt's rule: an ACI without these labels is refused, and so is one for another platform. */
function checkPlatform(image: PlannedImage, host: PlanInput["host"]): void {
  for (const label of ["os", "arch"] as const) {
    const value = image.labels[label];
    if (value === undefined || value === "") {
      if (image.format === "aci") {
        throw new UsageError(`missing ${label} label in the image manifest`);
      }
    } else if (value !== host[label] && !(value === "arm64" && host.arch === "aarch64")) {
      throw new UsageError(
        `Cannot run image "${image.name}": its ${label} is ${value}, this host's is ${host[label]}`,
      );
    }
  }
}

function planApp(
  input: PlanInput,
  request: AppRequest,
  image: PlannedImage,
  volumes: readonly Volume[],
): PlannedApp {
  const name = request.name ?? appName(image.name);
  const args = planArguments(request, image.app);
  if (args.length === 0) {
    throw new UsageError(
      `Cannot run image "${image.name}": it names no program to run, and neither does --exec`,
    );
  }
  return {
    name,
    image: { id: image.id, name: image.name },
    layers: image.layers,
    args,
    environment: planEnvironment({
      inherited: input.request.inheritEnvironment ? input.environment : {},
      image: image.app.environment,
      files: input.fileEnvironment,
      pod: input.request.setEnvironment,
      app: request.environment,
    }),
    workingDirectory: request.workingDirectory ?? (image.app.workingDirectory || "/"),
    user: request.user ?? (image.app.user || "0"),
    group: request.group ?? (request.user === undefined ? image.app.group : ""),
    supplementaryGids: request.supplementaryGids ?? image.app.supplementaryGroups,
    mounts: planMounts(image.app, volumes, input.request.mounts, request.mounts, name),
    readOnlyRootfs: request.readOnlyRootfs,
    stopSignal: image.app.stopSignal ?? "SIGTERM",
    request: {
      memoryBytes: request.memoryBytes,
      cpuMillis: request.cpuMillis,
      cpuShares: request.cpuShares,
      capabilities: request.capabilities,
      oomScoreAdj: request.oomScoreAdj,
    },
  };
}

/** `--exec` replaces the image's program and its defaults; arguments replace an OCI image's cmd and follow an ACI's exec. */
function planArguments(request: AppRequest, image: ImageApp): readonly string[] {
  if (request.exec !== undefined) {
    return [request.exec, ...(request.args ?? [])];
  }
  return [...image.entrypoint, ...(request.args ?? image.cmd)];
}

/** The last part of the image's name, made an ACName. */
export function appName(imageName: string): string {
  const last = posix.basename(imageName.replace(/\/+$/, "")).toLowerCase();
  const name = last
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/-{2,}/g, "-")
    .replace(/^-+|-+$/g, "");
  return AC_NAME.test(name) ? name : "app";
}

function planPort(port: RunRequest["ports"][number], image: ImageApp, app: string): PortPlan {
  const declared = image.ports.find(({ name }) => name === port.name);
  // OCI images' ports are named as docker2aci does: "80-tcp".
  const [, number = "", protocol = ""] = /^(\d+)-(tcp|udp|sctp)$/.exec(port.name) ?? [];
  if (declared === undefined && number === "") {
    const known = image.ports.map(({ name }) => name).join(", ") || "none";
    throw new UsageError(`Cannot open port "${port.name}" of app "${app}": its image has ${known}`);
  }
  return {
    name: port.name,
    protocol: declared?.protocol ?? protocol,
    containerPort: declared?.port ?? Number(number),
    hostPort: port.hostPort,
    hostIp: port.hostIp,
  };
}

function flavourWarnings(request: RunRequest, app: AppRequest): readonly string[] {
  if (request.flavour !== "fly") {
    return [];
  }
  const ignored: readonly (readonly [string, boolean])[] = [
    ["--hostname", request.hostname !== undefined],
    ["--memory", app.memoryBytes !== undefined],
    ["--cpu", app.cpuMillis !== undefined],
    ["--cpu-shares", app.cpuShares !== undefined],
    ["--caps-retain and --caps-remove", app.capabilities !== undefined],
  ];
  return ignored
    .filter(([, given]) => given)
    .map(
      ([flag]) => `${flag} has no effect with --stage1=fly, which isolates nothing but the root`,
    );
}

function podManifest(
  input: PlanInput,
  app: PlannedApp,
  volumes: readonly Volume[],
  ports: readonly PortPlan[],
  image: PlannedImage,
  request: AppRequest,
): PodManifest {
  return {
    acKind: "PodManifest",
    acVersion: input.version,
    apps: [
      {
        name: app.name,
        image: {
          id: image.id,
          name: image.name,
          labels: Object.entries(image.labels).map(([name, value]) => ({ name, value })),
        },
        app: {
          exec: app.args,
          user: app.user,
          group: app.group,
          workingDirectory: app.workingDirectory,
          environment: app.environment,
        },
        readOnlyRootFS: app.readOnlyRootfs,
        mounts: app.mounts.map(({ volume, target }) => ({ volume, path: target })),
        annotations: request.annotations,
      },
    ],
    volumes,
    annotations: [{ name: FLAVOUR_ANNOTATION, value: input.request.flavour }],
    ports: ports.map(
      ({ name, hostPort, hostIp }): ExposedPort =>
        hostIp === "" ? { name, hostPort } : { name, hostPort, hostIP: hostIp },
    ),
  };
}
