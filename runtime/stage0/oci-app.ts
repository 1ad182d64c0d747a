// SPDX-License-Identifier: Apache-2.0
// From a pod's plan to the AppPlan of stage1/oci, and the files that tell the app about its network.
import { UsageError } from "../errors.ts";
import type { NetResult } from "../net/attach.ts";
import { POD_FILES, type Pod } from "../pod/pod.ts";
import {
  type AppMount,
  type AppPlan,
  type AppPlanInput,
  appPlan,
  type BindMount,
  DEFAULT_PATH,
} from "../stage1/app-plan.ts";
import { DEFAULT_CAPABILITIES, parseCapability, planCapabilities } from "../stage1/capabilities.ts";
import type { ResolvedUser } from "../stage1/users.ts";
import type { System } from "../system/system.ts";
import { mergeEnvironment } from "./environment.ts";
import { appPaths } from "./paths.ts";
import type { PlannedApp, PodPlan } from "./pod-plan.ts";

/** crun's name for the app. */
export function containerId(uuid: string, app: string): string {
  return `${uuid}-${app}`;
}

export interface OciAppInput {
  readonly plan: PodPlan;
  readonly pod: Pod;
  readonly user: ResolvedUser;
  /** "host", or the file of the pod's network namespace. */
  readonly network: string;
  readonly terminal: boolean;
}

/** Pure but for the paths of the pod's directory. */
export function planOciApp({ plan, pod, user, network, terminal }: OciAppInput): AppPlan {
  const { app } = plan;
  const paths = appPaths(pod, app.name);
  const input: AppPlanInput = {
    podUuid: pod.uuid,
    appName: app.name,
    containerId: containerId(pod.uuid, app.name),
    rootfs: paths.rootfs,
    args: app.args,
    environment: ociEnvironment(app, user),
    workingDirectory: app.workingDirectory,
    hostname: plan.hostname,
    uid: user.uid,
    gid: user.gid,
    supplementaryGids: user.gids,
    terminal,
    mounts: ociMounts(plan, pod),
    namespaces: {
      network: network === "host" ? "host" : { path: network },
      pid: "new",
      ipc: "new",
      uts: "new",
      cgroup: "new",
    },
    readOnlyRootfs: app.readOnlyRootfs,
    capabilities: capabilitiesOf(plan, user.uid),
    resources: resourcesOf(app),
    oomScoreAdj: app.request.oomScoreAdj,
    ...(plan.insecure.includes("paths") ? { maskedPaths: [], readOnlyPaths: [] } : {}),
    ...(plan.insecure.includes("seccomp") ? { seccomp: { kind: "unconfined" } } : {}),
  };
  return appPlan(input);
}

/** What appc wants every app to have, below the image's and the user's variables. */
function ociEnvironment(app: PlannedApp, user: ResolvedUser) {
  const name = user.entry?.name ?? (user.uid === 0 ? "root" : String(user.uid));
  return mergeEnvironment(
    Object.entries({
      PATH: DEFAULT_PATH,
      AC_APP_NAME: app.name,
      container: "corefly",
      USER: name,
      LOGNAME: name,
      HOME: user.entry?.home || (user.uid === 0 ? "/root" : "/"),
      SHELL: user.entry?.shell || "/bin/sh",
    }).map(([key, value]) => ({ name: key, value })),
    app.environment,
  );
}

function ociMounts(plan: PodPlan, pod: Pod): readonly AppMount[] {
  const paths = appPaths(pod, plan.app.name);
  const bind = (source: string, target: string, more: Partial<BindMount> = {}): BindMount => ({
    kind: "bind",
    source,
    target,
    readOnly: false,
    recursiveReadOnly: false,
    propagation: "rslave",
    ...more,
  });
  const volumes = plan.app.mounts.map((mount) => {
    const volume = plan.volumes.find(({ name }) => name === mount.volume);
    if (volume?.kind !== "host") {
      return bind(pod.path(POD_FILES.volumes, mount.volume), mount.target, {
        readOnly: mount.readOnly,
      });
    }
    const shared = volume.propagation === "shared";
    return bind(shared ? `${paths.shared}/${volume.name}` : volume.source, mount.target, {
      readOnly: mount.readOnly,
      propagation: shared ? "rshared" : volume.propagation === "slave" ? "rslave" : "private",
    });
  });
  const taken = new Set(volumes.map(({ target }) => target));
  const files = [
    ...(resolvConfSource(plan) === "pod" ? [bind(paths.resolvConf, "/etc/resolv.conf")] : []),
    ...(resolvConfSource(plan) === "host" ? [bind("/etc/resolv.conf", "/etc/resolv.conf")] : []),
    plan.hosts.kind === "host" ? bind("/etc/hosts", "/etc/hosts") : bind(paths.hosts, "/etc/hosts"),
  ];
  return [...volumes, ...files.filter(({ target }) => !taken.has(target))];
}

/** Without a wish: the host's name servers, unless there is no network to reach them by. */
function resolvConfSource(plan: PodPlan): "pod" | "host" | "image" {
  switch (plan.dns.kind) {
    case "none":
      return "image";
    case "host":
      return "host";
    case "servers":
      return "pod";
    case "default":
      return plan.network === "none" ? "image" : "pod";
  }
}

/**
 * Writes network.json, and where nothing else was asked for the app's resolv.conf (the networks' name servers, else the
 * host's) and hosts file (the pod's own name).
 */
export function podNetworkFiles(
  system: System,
  pod: Pod,
  plan: PodPlan,
  result: NetResult | undefined,
): void {
  const { files } = system;
  const paths = appPaths(pod, plan.app.name);
  const networks = (result?.networks ?? []).flatMap(({ name, ifName, ips }) =>
    ips.map(({ address }) => ({ name, ifName, ip: address })),
  );
  files.writeFileSync(pod.path(POD_FILES.network), `${JSON.stringify(networks)}\n`);
  if (plan.dns.kind === "default" && resolvConfSource(plan) === "pod") {
    const text = networkResolvConf(result) ?? files.findTextSync("/etc/resolv.conf") ?? "";
    files.writeFileSync(paths.resolvConf, text);
  }
  if (plan.hosts.kind === "default") {
    const own = result?.ips[0] ?? "127.0.1.1";
    files.writeFileSync(
      paths.hosts,
      `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n${own}\t${plan.hostname}\n`,
    );
  }
}

function networkResolvConf(result: NetResult | undefined): string | undefined {
  const dns = result?.networks
    .map((network) => network.dns)
    .find(({ nameservers }) => nameservers.length > 0);
  return dns === undefined
    ? undefined
    : [
        ...(dns.search.length === 0 ? [] : [`search ${dns.search.join(" ")}\n`]),
        ...dns.nameservers.map((server) => `nameserver ${server}\n`),
        ...(dns.options.length === 0 ? [] : [`options ${dns.options.join(" ")}\n`]),
      ].join("");
}

function capabilitiesOf(plan: PodPlan, uid: number): AppPlan["capabilities"] {
  const wish = plan.app.request.capabilities;
  const names = (wish?.names ?? []).map((name) => parseCapability(name));
  if (plan.insecure.includes("capabilities")) {
    return planCapabilities({ base: ["ALL"], add: [], drop: [], ambient: [], uid });
  }
  return planCapabilities({
    base: wish?.kind === "retain" ? names : DEFAULT_CAPABILITIES,
    add: [],
    drop: wish?.kind === "remove" ? names : [],
    ambient: [],
    uid,
  });
}

const CPU_PERIOD_US = 100_000;

function resourcesOf({ request }: PlannedApp): AppPlan["resources"] {
  const { memoryBytes, cpuMillis, cpuShares } = request;
  if (cpuMillis !== undefined && cpuMillis < 10) {
    throw new UsageError(`Cannot use a processor limit of ${cpuMillis}m: the least is 10m`);
  }
  return {
    ...(memoryBytes === undefined ? {} : { memoryLimitBytes: memoryBytes }),
    ...(cpuMillis === undefined
      ? {}
      : { cpuQuotaUs: (cpuMillis * CPU_PERIOD_US) / 1000, cpuPeriodUs: CPU_PERIOD_US }),
    ...(cpuShares === undefined ? {} : { cpuShares }),
  };
}
