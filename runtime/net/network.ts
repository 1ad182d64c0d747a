// SPDX-License-Identifier: Apache-2.0
// A CNI network: parsed from a `.conf` (one plugin) or `.conflist` file, and loaded from the configuration directories.
// https://www.cni.dev/docs/spec/#section-1-network-configuration-format
import { join } from "node:path";
import { InvalidManifestError } from "../errors.ts";
import type { System } from "../system/system.ts";

/** Versions of the specification whose results we understand; plugins speak all of them. */
const CNI_VERSIONS: readonly string[] = [
  "0.1.0",
  "0.2.0",
  "0.3.0",
  "0.3.1",
  "0.4.0",
  "1.0.0",
  "1.1.0",
];

/** One plugin's configuration, as it was written; `type` is the name of its program. */
export interface PluginConf {
  readonly type: string;
  readonly capabilities: Readonly<Record<string, boolean>>;
  readonly raw: Readonly<Record<string, unknown>>;
}

export interface Network {
  readonly name: string;
  readonly cniVersion: string;
  readonly disableCheck: boolean;
  readonly plugins: readonly PluginConf[];
  /** The file it came from, for messages. */
  readonly origin: string;
}

/**
 * Networks of these directories, in the order of their file names. A file in a later directory replaces one of the same
 * name in an earlier one, as rkt's local configuration does with the vendor's. Two networks of one name are an error.
 */
export async function loadNetworks(
  system: System,
  confDirs: readonly string[],
): Promise<readonly Network[]> {
  const paths = new Map<string, string>();
  for (const directory of confDirs) {
    for (const name of await system.files.listNames(directory)) {
      if (/\.(conf|conflist|json)$/.test(name)) {
        paths.set(name, join(directory, name));
      }
    }
  }
  const sorted = [...paths].sort(([a], [b]) => (a < b ? -1 : 1));
  const networks = await Promise.all(
    sorted.map(async ([, path]) => parseNetwork(await system.files.readText(path), path)),
  );
  const byName = new Map<string, Network>();
  for (const network of networks) {
    const other = byName.get(network.name);
    if (other !== undefined) {
      throw new InvalidManifestError(
        `Cannot load network "${network.name}": both "${other.origin}" and "${network.origin}" define it`,
      );
    }
    byName.set(network.name, network);
  }
  return networks;
}

/** Reads one configuration file. Throws InvalidManifestError that names `origin` and what is wrong. */
export function parseNetwork(text: string, origin: string): Network {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new InvalidManifestError(`Cannot read network "${origin}": ${why}`, { cause });
  }
  return networkOf(value, origin);
}

/** As parseNetwork, for JSON that was read already. */
export function networkOf(value: unknown, origin: string): Network {
  const fail = (why: string): never => {
    throw new InvalidManifestError(`Cannot read network "${origin}": ${why}`);
  };
  if (!isRecord(value)) {
    return fail("expected a JSON object");
  }
  const { name, cniVersion = "0.1.0", plugins, type, disableCheck } = value;
  // The specification's grammar; plugins make file names and interface comments of it.
  if (typeof name !== "string" || !/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) {
    return fail(
      `name is ${JSON.stringify(name)}, expected a letter or digit, then letters, digits, "_", "." and "-"`,
    );
  }
  if (typeof cniVersion !== "string" || !CNI_VERSIONS.includes(cniVersion)) {
    return fail(
      `cniVersion is ${JSON.stringify(cniVersion)}, expected one of ${CNI_VERSIONS.join(", ")}`,
    );
  }
  if (plugins !== undefined && type !== undefined) {
    return fail("it has both type and plugins, expected one of them");
  }
  const list = plugins === undefined ? [value] : plugins;
  if (!Array.isArray(list) || list.length === 0) {
    return fail("plugins is not a list of at least one plugin");
  }
  return {
    name,
    cniVersion,
    disableCheck: disableCheck === true || disableCheck === "true",
    plugins: list.map((plugin: unknown, index) =>
      pluginOf(plugin, plugins === undefined ? "" : `plugins[${index}].`, fail),
    ),
    origin,
  };
}

/** The network as a JSON value that networkOf() reads. */
export function networkJson(network: Network): Readonly<Record<string, unknown>> {
  return {
    name: network.name,
    cniVersion: network.cniVersion,
    disableCheck: network.disableCheck,
    plugins: network.plugins.map(({ raw }) => raw),
  };
}

function pluginOf(value: unknown, where: string, fail: (why: string) => never): PluginConf {
  if (!isRecord(value)) {
    return fail(`${where.slice(0, -1)} is not an object`);
  }
  const { type, capabilities } = value;
  // It is the name of a program in the plugin directories, so never a path out of them.
  if (typeof type !== "string" || !/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(type)) {
    return fail(`${where}type is ${JSON.stringify(type)}, expected the name of a plugin`);
  }
  if (capabilities !== undefined && !isRecord(capabilities)) {
    return fail(`${where}capabilities is not an object`);
  }
  const wanted = Object.entries(capabilities ?? {}).map(([key, on]) => [key, on === true] as const);
  return { type, capabilities: Object.fromEntries(wanted), raw: value };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
