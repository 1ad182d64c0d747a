// SPDX-License-Identifier: Apache-2.0
// What each pod is attached to, on disk: one file for each pod, with the configuration that was used, so that DEL sees what
// ADD saw even if the files in net.d have changed since.
import { join } from "node:path";
import { InvalidManifestError } from "../errors.ts";
import type { System } from "../system/system.ts";
import { type Network, networkJson, networkOf } from "./network.ts";

/** In the words of the portmap plugin, which gets it as it is. */
export interface PortMapping {
  readonly hostPort: number;
  readonly containerPort: number;
  /** "tcp", "udp" or "sctp". */
  readonly protocol: string;
  /** Absent for every address of the host. */
  readonly hostIP?: string;
}

/** One network of one pod. `result` is undefined until ADD has succeeded; DEL is due either way. */
export interface Attachment {
  readonly network: Network;
  readonly netnsPath: string;
  readonly ifName: string;
  readonly args: Readonly<Record<string, string>>;
  readonly portMappings: readonly PortMapping[];
  readonly result: unknown;
}

/** Empty when the pod is not attached. */
export async function readAttachments(
  system: System,
  stateDir: string,
  podUuid: string,
): Promise<readonly Attachment[]> {
  const path = fileOf(stateDir, podUuid);
  const text = await system.files.findText(path);
  return text === undefined ? [] : parseAttachments(text, path);
}

/** Atomic: a reader, or we after a crash, see the old or the new list. On return it is on the disk. */
export async function writeAttachments(
  system: System,
  stateDir: string,
  podUuid: string,
  attachments: readonly Attachment[],
): Promise<void> {
  const { files } = system;
  await files.writeFileAtomic(fileOf(stateDir, podUuid), textOf(attachments), { mode: 0o600 });
}

/**
 * As writeAttachments, before the plugins run: what they make of the kernel's is gone after a power cut as well, so this
 * need not be on the disk yet.
 */
export async function intendAttachments(
  system: System,
  stateDir: string,
  podUuid: string,
  attachments: readonly Attachment[],
): Promise<void> {
  const { files } = system;
  await files.mkdirp(stateDir, { mode: 0o700 });
  await files.replaceFile(fileOf(stateDir, podUuid), textOf(attachments), { mode: 0o600 });
}

function textOf(attachments: readonly Attachment[]): string {
  const json = attachments.map(({ network, ...rest }) => ({
    ...rest,
    network: networkJson(network),
    origin: network.origin,
  }));
  return `${JSON.stringify(json)}\n`;
}

/** Idempotent. */
export async function forgetAttachments(
  system: System,
  stateDir: string,
  podUuid: string,
): Promise<void> {
  await system.files.removeTree(fileOf(stateDir, podUuid));
}

/** Pods with attachments: what gc compares with the pods that exist. */
export async function attachedPods(system: System, stateDir: string): Promise<readonly string[]> {
  const names = await system.files.listNames(stateDir);
  return names.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5));
}

/** Reads a file that writeAttachments() wrote. */
export function parseAttachments(text: string, path: string): readonly Attachment[] {
  const fail = (why: string, cause?: unknown): never => {
    throw new InvalidManifestError(`Cannot read attachments "${path}": ${why}`, { cause });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return fail("not JSON", cause);
  }
  if (!Array.isArray(value)) {
    return fail("expected a list");
  }
  return value.map((entry: unknown): Attachment => {
    if (!isRecord(entry)) {
      return fail("an entry is not an object");
    }
    const { netnsPath, ifName, args, portMappings, origin } = entry;
    if (typeof netnsPath !== "string" || typeof ifName !== "string" || !isRecord(args)) {
      return fail("an entry lacks netnsPath, ifName or args");
    }
    return {
      network: networkOf(entry["network"], typeof origin === "string" ? origin : path),
      netnsPath,
      ifName,
      args: Object.fromEntries(Object.entries(args).map(([key, each]) => [key, String(each)])),
      portMappings: Array.isArray(portMappings) ? portMappings.flatMap(mappingOf) : [],
      result: entry["result"],
    };
  });
}

function mappingOf(value: unknown): readonly PortMapping[] {
  if (
    !isRecord(value) ||
    typeof value["hostPort"] !== "number" ||
    typeof value["containerPort"] !== "number" ||
    typeof value["protocol"] !== "string"
  ) {
    return [];
  }
  const { hostPort, containerPort, protocol, hostIP } = value;
  return [{ hostPort, containerPort, protocol, ...(typeof hostIP === "string" ? { hostIP } : {}) }];
}

function fileOf(stateDir: string, podUuid: string): string {
  if (!/^[\w-]+$/.test(podUuid)) {
    throw new InvalidManifestError(`Cannot use "${podUuid}" as the name of a pod`);
  }
  return join(stateDir, `${podUuid}.json`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
