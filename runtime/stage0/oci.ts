// SPDX-License-Identifier: Apache-2.0
// Stage0 of the oci flavour: the app becomes a container of crun's, and this process becomes crun, which stays as the app's
// parent, holds the pod's lock and ends with the app's status. With a terminal this process stays, between the user and crun.
import { isatty } from "node:tty";
import { UnsupportedError, UsageError } from "../errors.ts";
import { attach, type NetResult, netStateDir } from "../net/attach.ts";
import { withBuiltIn } from "../net/builtin-networks.ts";
import { chooseNetworks } from "../net/net-flag.ts";
import { createNetns, NETNS_DIRECTORY, netnsPath } from "../net/netns.ts";
import { loadNetworks } from "../net/network.ts";
import { POD_FILES, type Pod } from "../pod/pod.ts";
import { enterMountNamespace, type TreeRequest } from "../stage1/mount-namespace.ts";
import { cgroupView, enterCgroupView } from "../stage1/oci/cgroup-view.ts";
import { type Crun, crunRunCommand, RUNTIME_TIMEOUT_MS } from "../stage1/oci/crun.ts";
import { type HostFacts, readHostFacts } from "../stage1/oci/host-facts.ts";
import { ociSpec } from "../stage1/oci/spec.ts";
import { mountOverlay } from "../stage1/overlay.ts";
import { mountPointKind, RootDirectory } from "../stage1/root-directory.ts";
import { readUserDatabase, resolveUser } from "../stage1/users.ts";
import type { Command } from "../system/exec.ts";
import type { System } from "../system/system.ts";
import { containerId, planOciApp, podNetworkFiles } from "./oci-app.ts";
import { runOnTerminal } from "./on-terminal.ts";
import { appPaths } from "./paths.ts";
import type { PodPlan } from "./pod-plan.ts";
import { recordStart } from "./record-start.ts";

/** What the flavour needs of the host. */
export interface OciHost {
  /** Where crun is looked for, in this order. */
  readonly programPath: readonly string[];
  readonly cniPath: readonly string[];
  /** Directories of network configurations, later ones win. */
  readonly netConfDirs: readonly string[];
  readonly dataDir: string;
  /** `/run/corefly` */
  readonly runtimeDir: string;
}

/** Never returns. */
export async function startOci(
  system: System,
  pod: Pod,
  plan: PodPlan,
  host: OciHost,
  signal: AbortSignal,
): Promise<never> {
  const facts = await readHostFacts(system);
  const crun = openCrun(system, host, facts);
  system.files.mkdirpSync(crun.root, { mode: 0o700 });
  const network = await connect(system, pod, plan, host, signal);
  podNetworkFiles(system, pod, plan, network.result);
  const terminal = plan.interactive && isatty(0);
  const command = prepareCrun(system, pod, plan, crun, facts, network.namespace, terminal);
  if (terminal) {
    const consoleSocket = `${crun.root}-tty-${pod.uuid}`;
    process.exit(await runOnTerminal(system, { command, consoleSocket, lockFd: pod.lockFd }));
  }
  const { file, args, env } = command();
  system.kernel.setInheritable(pod.lockFd);
  return system.exec.replaceProcess(file, ["crun", ...args], env);
}

/** crun as it is called on this host. Throws UnsupportedError when it is not there. */
export function openCrun(system: System, host: OciHost, facts: HostFacts): Crun {
  const file = system.exec.findProgram("crun", host.programPath);
  if (file === undefined) {
    throw new UnsupportedError(
      `Cannot run with --stage1=oci: there is no crun in ${host.programPath.join(":")}`,
    );
  }
  return {
    file,
    root: `${host.runtimeDir}/crun`,
    cgroupDriver: facts.cgroupDriver,
    env: { PATH: host.programPath.join(":") },
    view: cgroupView(system, facts.cgroupLayout),
    timeoutMs: RUNTIME_TIMEOUT_MS,
  };
}

/** For attach and detach. */
export function netHost(host: OciHost) {
  return {
    pluginDirs: host.cniPath,
    path: host.programPath.join(":"),
    stateDir: netStateDir(host.dataDir),
  };
}

export function podNetnsPath(host: OciHost, uuid: string): string {
  return netnsPath(uuid, `${host.runtimeDir}/${NETNS_DIRECTORY.split("/").at(-1)}`);
}

async function connect(
  system: System,
  pod: Pod,
  plan: PodPlan,
  host: OciHost,
  signal: AbortSignal,
): Promise<{ readonly namespace: "host" | string; readonly result: NetResult | undefined }> {
  const available = withBuiltIn(await loadNetworks(system, host.netConfDirs));
  const choice = chooseNetworks([plan.network], available);
  if (choice.kind === "host") {
    return { namespace: "host", result: undefined };
  }
  const path = podNetnsPath(host, pod.uuid);
  system.files.mkdirpSync(path.slice(0, path.lastIndexOf("/")));
  createNetns(system, path);
  const result = await attach(
    system,
    netHost(host),
    { uuid: pod.uuid, netnsPath: path },
    choice.networks,
    plan.ports.map(({ hostPort, containerPort, protocol, hostIp }) => ({
      hostPort,
      containerPort,
      protocol,
      ...(hostIp === "" ? {} : { hostIP: hostIp }),
    })),
    { signal },
  );
  return { namespace: path, result };
}

/** Mounts and writes all that crun needs; answers its command line. Synchronous: see system/kernel.ts. */
function prepareCrun(
  system: System,
  pod: Pod,
  plan: PodPlan,
  crun: Crun,
  facts: HostFacts,
  network: string,
  terminal: boolean,
): (consoleSocket?: string) => Command {
  const { kernel, files } = system;
  const { app } = plan;
  const paths = appPaths(pod, app.name);
  const umask = kernel.umask(0);
  const shared = sharedVolumes(plan);
  const trees = enterMountNamespace(system, shared);
  mountOverlay(system, { ...paths, layers: app.layers, target: paths.rootfs });
  shared.forEach(({ source, name }, index) => {
    stage(system, `${paths.shared}/${name}`, source, trees[index] ?? -1);
  });
  const root = new RootDirectory(system, paths.rootfs);
  const user = resolveUser(
    { user: app.user, group: app.group, gids: app.supplementaryGids },
    readUserDatabase(root),
    app.name,
  );
  const appPlan = planOciApp({ plan, pod, user, network, terminal });
  requireProgram(root, appPlan, app.name);
  root.close();
  files.mkdirpSync(paths.bundle, { mode: 0o700 });
  const spec = ociSpec(appPlan, facts);
  const config = {
    ...spec,
    process: { ...spec.process, ...consoleSize(system, appPlan.terminal) },
  };
  files.writeFileSync(`${paths.bundle}/config.json`, JSON.stringify(config), { mode: 0o600 });
  kernel.umask(umask);
  recordStart(system, pod);
  enterCgroupView(system, facts.cgroupLayout);
  return (consoleSocket) =>
    crunRunCommand(crun, {
      id: containerId(pod.uuid, app.name),
      bundle: paths.bundle,
      pidFile: pod.path(POD_FILES.pid),
      ...(consoleSocket === undefined ? {} : { consoleSocket }),
    });
}

/** crun would begin with 0 by 0. */
function consoleSize(system: System, terminal: boolean) {
  const size = terminal ? system.kernel.windowSize(0) : undefined;
  return size === undefined ? {} : { consoleSize: { height: size.rows, width: size.columns } };
}

function sharedVolumes(plan: PodPlan): readonly (TreeRequest & { readonly name: string })[] {
  return plan.volumes.flatMap((volume) =>
    volume.kind === "host" && volume.propagation === "shared"
      ? [{ ...volume, what: `volume "${volume.name}"`, propagation: "shared" as const }]
      : [],
  );
}

/** A shared volume lies at a place of its own, from which crun binds it: at its source there is only a slave now. */
function stage(system: System, place: string, source: string, tree: number): void {
  const { kernel, files } = system;
  if (mountPointKind(system, source) === "directory") {
    files.mkdirpSync(place);
  } else {
    files.mkdirpSync(place.slice(0, place.lastIndexOf("/")));
    files.writeFileSync(place, "");
  }
  const target = files.openSync(place, "r");
  kernel.placeTree(tree, target);
  files.closeSync(target);
  files.closeSync(tree);
}

/** crun would say it after it has made everything, and less clearly. */
function requireProgram(
  root: RootDirectory,
  plan: ReturnType<typeof planOciApp>,
  app: string,
): void {
  const [name = ""] = plan.args;
  const path = plan.environment.find((variable) => variable.name === "PATH")?.value ?? "";
  // A volume may bring the program; then only crun can tell.
  const mayBeInVolume = plan.mounts.some(
    ({ target }) => target !== "/etc/hosts" && target !== "/etc/resolv.conf",
  );
  if (!mayBeInVolume && root.findProgram(name, path, plan.workingDirectory) === undefined) {
    throw new UsageError(`Cannot start app "${app}": there is no program "${name}" in its image`);
  }
}
