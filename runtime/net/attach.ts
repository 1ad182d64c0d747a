// SPDX-License-Identifier: Apache-2.0
// Connects a pod's network namespace to CNI networks, and disconnects it: after a restart, a crash or a reboot as well,
// because what was asked for is written down before the first plugin runs.
import { join } from "node:path";
import { CoreflyError, InternalError, UsageError } from "../errors.ts";
import type { System } from "../system/system.ts";
import {
  type Attachment,
  forgetAttachments,
  intendAttachments,
  type PortMapping,
  readAttachments,
  writeAttachments,
} from "./attachments.ts";
import { hasNetns } from "./netns.ts";
import type { Network } from "./network.ts";
import { type CniCommand, type PluginHost, runPlugin } from "./plugin.ts";
import { type AssignedIp, type NetworkDns, parseResult } from "./result.ts";

export type { PortMapping } from "./attachments.ts";

/** What attach and detach need of the host. */
export interface NetHost extends PluginHost {
  /** Where attachments are written down: `/var/lib/corefly/net`. */
  readonly stateDir: string;
}

export interface NetPod {
  readonly uuid: string;
  /** A pinned namespace (createNetns). */
  readonly netnsPath: string;
  /** CNI_ARGS for every network, for example `K8S_POD_NAMESPACE`. */
  readonly args?: Readonly<Record<string, string>>;
}

/** A network to attach to, with CNI_ARGS for it alone (`--net=name:IP=10.1.2.3`). */
export interface NetworkChoice {
  readonly network: Network;
  readonly args?: Readonly<Record<string, string>>;
}

export interface AttachedNetwork {
  readonly name: string;
  readonly ifName: string;
  readonly ips: readonly AssignedIp[];
  readonly dns: NetworkDns;
  /** The last plugin's result as it was printed. */
  readonly result: unknown;
}

export interface NetResult {
  /** Addresses without prefix length; the first is the pod's own. */
  readonly ips: readonly string[];
  readonly networks: readonly AttachedNetwork[];
}

interface Options {
  readonly signal?: AbortSignal;
}

/**
 * Attaches to each network in turn as eth0, eth1…. Port mappings go to every plugin that says it can do them; if there
 * are some and no plugin does, that is an error. On failure everything is undone.
 */
export async function attach(
  system: System,
  host: NetHost,
  pod: NetPod,
  networks: readonly NetworkChoice[],
  portMappings: readonly PortMapping[] = [],
  options: Options = {},
): Promise<NetResult> {
  requireMapper(networks, portMappings);
  if ((await readAttachments(system, host.stateDir, pod.uuid)).length > 0) {
    throw new CoreflyError(
      "ALREADY_EXISTS",
      `Cannot attach pod "${pod.uuid}": it is attached already`,
    );
  }
  const wanted = planAttachments(pod, networks, portMappings);
  const done: Attachment[] = [];
  try {
    for (const attachment of wanted) {
      done.push(attachment);
      await intendAttachments(system, host.stateDir, pod.uuid, done);
      const result = await add(system, host, pod.uuid, attachment, options);
      done[done.length - 1] = { ...attachment, result };
    }
    if (done.length > 0) {
      await writeAttachments(system, host.stateDir, pod.uuid, done);
    }
    return netResult(done);
  } catch (error) {
    const undoing = await detach(system, host, pod.uuid).catch((cause: unknown) => cause);
    if (undoing === undefined) {
      throw error;
    }
    // The first failure is the one to read; what could not be undone is told in the details, and detach() can be repeated.
    throw error instanceof CoreflyError
      ? new CoreflyError(error.code, error.message, {
          cause: error,
          details: { undoing: String(undoing) },
        })
      : error;
  }
}

/**
 * Takes the pod off its networks in reverse order, with the configuration and results of the time it was attached. Goes
 * on after a failure and throws the first one at the end; then it can be repeated. Nothing to do is success.
 */
export async function detach(
  system: System,
  host: NetHost,
  podUuid: string,
  options: Options = {},
): Promise<void> {
  const attachments = await readAttachments(system, host.stateDir, podUuid);
  const errors: unknown[] = [];
  for (const attachment of [...attachments].reverse()) {
    try {
      await del(system, host, podUuid, attachment, options);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) {
    throw errors[0];
  }
  await forgetAttachments(system, host.stateDir, podUuid);
}

/** Asks every plugin whether the pod is still as it made it (CHECK); throws the first complaint. */
export async function checkAttachments(
  system: System,
  host: NetHost,
  podUuid: string,
  options: Options = {},
): Promise<void> {
  for (const attachment of await readAttachments(system, host.stateDir, podUuid)) {
    // CHECK came with version 0.4.0
    if (attachment.network.disableCheck || /^0\.[123]\./.test(attachment.network.cniVersion)) {
      continue;
    }
    for (const index of attachment.network.plugins.keys()) {
      await call(system, host, podUuid, attachment, "CHECK", index, attachment.result, options);
    }
  }
}

/** What attach() returned for the pod, from disk; undefined when it is not attached. */
export async function findNetResult(
  system: System,
  host: Pick<NetHost, "stateDir">,
  podUuid: string,
): Promise<NetResult | undefined> {
  const attachments = await readAttachments(system, host.stateDir, podUuid);
  return attachments.length === 0 ? undefined : netResult(attachments);
}

async function add(
  system: System,
  host: NetHost,
  podUuid: string,
  attachment: Attachment,
  options: Options,
): Promise<unknown> {
  let result: unknown;
  for (const index of attachment.network.plugins.keys()) {
    result = await call(system, host, podUuid, attachment, "ADD", index, result, options);
  }
  parseResult(result, `network "${attachment.network.name}"`);
  return result;
}

async function del(
  system: System,
  host: NetHost,
  podUuid: string,
  attachment: Attachment,
  options: Options,
): Promise<void> {
  for (const index of [...attachment.network.plugins.keys()].reverse()) {
    await call(system, host, podUuid, attachment, "DEL", index, attachment.result, options);
  }
}

async function call(
  system: System,
  host: NetHost,
  podUuid: string,
  attachment: Attachment,
  command: CniCommand,
  index: number,
  prevResult: unknown,
  options: Options,
): Promise<unknown> {
  const { network, ifName, args, netnsPath } = attachment;
  const plugin = network.plugins[index];
  if (plugin === undefined) {
    throw new InternalError(`Network "${network.name}" has no plugin ${index}`);
  }
  try {
    return await runPlugin(
      system,
      host,
      {
        command,
        type: plugin.type,
        containerId: podUuid,
        netns: command === "DEL" && !hasNetns(system, netnsPath) ? "" : netnsPath,
        ifName,
        args,
        stdin: pluginInput(attachment, index, prevResult),
      },
      options,
    );
  } catch (error) {
    const verb = { ADD: "attach", DEL: "detach", CHECK: "check" }[command];
    const direction = { ADD: "to", DEL: "from", CHECK: "on" }[command];
    if (error instanceof CoreflyError) {
      throw new CoreflyError(
        error.code,
        `Cannot ${verb} pod "${podUuid}" ${direction} network "${network.name}": ${error.message}`,
        { cause: error },
      );
    }
    throw error;
  }
}

/** The configuration that a plugin reads (section 3 of the specification: "derive execution configuration"). */
export function pluginInput(
  attachment: Attachment,
  index: number,
  prevResult: unknown,
): Readonly<Record<string, unknown>> {
  const { network, portMappings } = attachment;
  const plugin = network.plugins[index];
  if (plugin === undefined) {
    throw new InternalError(`Network "${network.name}" has no plugin ${index}`);
  }
  const { capabilities: _capabilities, ...conf } = plugin.raw;
  const mapped =
    plugin.capabilities["portMappings"] === true && portMappings.length > 0
      ? { runtimeConfig: { portMappings } }
      : {};
  return {
    ...conf,
    ...mapped,
    name: network.name,
    cniVersion: network.cniVersion,
    ...(prevResult === undefined || prevResult === null ? {} : { prevResult }),
  };
}

function planAttachments(
  pod: NetPod,
  networks: readonly NetworkChoice[],
  portMappings: readonly PortMapping[],
): readonly Attachment[] {
  const common = { netnsPath: pod.netnsPath, result: undefined };
  return networks.map(({ network, args }, index) => ({
    ...common,
    network,
    ifName: `eth${index}`,
    args: pluginArgs({ ...pod.args, ...args }),
    // On the first network that can: the same host port cannot lead to two addresses.
    portMappings: index === mapperIndex(networks) ? portMappings.map(plainMapping) : [],
  }));
}

/** Every plugin of a list gets them all, and refuses those that only its neighbour knows, unless it is told not to. */
function pluginArgs(args: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.keys(args).length === 0 ? {} : { IgnoreUnknown: "1", ...args };
}

/** portmap takes protocol names in lower case only, and no host address for "every". */
function plainMapping(mapping: PortMapping): PortMapping {
  const { hostIP, ...rest } = mapping;
  return {
    ...rest,
    protocol: mapping.protocol.toLowerCase(),
    ...(hostIP === undefined || hostIP === "" ? {} : { hostIP }),
  };
}

function mapperIndex(networks: readonly NetworkChoice[]): number {
  return networks.findIndex(({ network }) =>
    network.plugins.some(({ capabilities }) => capabilities["portMappings"] === true),
  );
}

function requireMapper(
  networks: readonly NetworkChoice[],
  portMappings: readonly PortMapping[],
): void {
  const [first] = portMappings;
  if (first !== undefined && mapperIndex(networks) < 0) {
    const names = networks.map(({ network }) => `"${network.name}"`).join(", ");
    throw new UsageError(
      `Cannot map host port ${first.hostPort}: ${names === "" ? "the pod has no network" : `network ${names} has no plugin with the capability "portMappings"`}`,
    );
  }
}

function netResult(attachments: readonly Attachment[]): NetResult {
  const networks = attachments
    .filter(({ result }) => result !== undefined)
    .map(({ network, ifName, result }) => ({
      name: network.name,
      ifName,
      ...parseResult(result, `network "${network.name}"`),
      result,
    }));
  return { ips: networks.flatMap(({ ips }) => ips.map(({ address }) => address)), networks };
}

/** The directory of attachments inside the data directory. */
export function netStateDir(dataDir: string): string {
  return join(dataDir, "net");
}
