// SPDX-License-Identifier: Apache-2.0
// Flags that every verb takes, wherever they stand.
import { UsageError } from "../errors.ts";
import { type FlagSpec, type GivenFlag, parsedFlags } from "./flags.ts";

/** rkt's, so that its command lines go on working. */
export const INSECURE_OPTIONS = [
  "image",
  "tls",
  "ondisk",
  "http",
  "pubkey",
  "capabilities",
  "paths",
  "seccomp",
] as const;

export type InsecureOption = (typeof INSECURE_OPTIONS)[number];

const INSECURE_GROUPS: Readonly<Record<string, readonly InsecureOption[]>> = {
  none: [],
  "all-fetch": ["image", "tls", "http", "pubkey"],
  "all-run": ["capabilities", "paths", "seccomp"],
  all: INSECURE_OPTIONS,
};

const KNOWN_OPTIONS = [...Object.keys(INSECURE_GROUPS), ...INSECURE_OPTIONS].join(", ");

export interface GlobalOptions {
  readonly debug: boolean;
  readonly dataDir: string;
  /** Vendor configuration. */
  readonly systemConfigDir: string;
  /** The administrator's; wins over the vendor's. */
  readonly localConfigDir: string;
  /** The user's; wins over both. Empty: none. */
  readonly userConfigDir: string;
  readonly insecureOptions: ReadonlySet<InsecureOption>;
  readonly trustKeysFromHttps: boolean;
  readonly help: boolean;
}

export const DEFAULT_DATA_DIR = "/var/lib/corefly";
export const DEFAULT_SYSTEM_CONFIG_DIR = "/usr/lib/corefly";
export const DEFAULT_LOCAL_CONFIG_DIR = "/etc/corefly";

export const GLOBAL_FLAGS: readonly FlagSpec[] = [
  { name: "debug", kind: "boolean", help: "Print more, and the whole chain of an error's causes" },
  {
    name: "dir",
    kind: "string",
    value: "DIR",
    help: `Data directory (default ${DEFAULT_DATA_DIR})`,
  },
  {
    name: "system-config",
    kind: "string",
    value: "DIR",
    help: `Vendor configuration (default ${DEFAULT_SYSTEM_CONFIG_DIR})`,
  },
  {
    name: "local-config",
    kind: "string",
    value: "DIR",
    help: `Local configuration (default ${DEFAULT_LOCAL_CONFIG_DIR})`,
  },
  { name: "user-config", kind: "string", value: "DIR", help: "The user's configuration" },
  {
    name: "insecure-options",
    kind: "string",
    value: "LIST",
    repeatable: true,
    help: `Checks to leave out: ${KNOWN_OPTIONS} (ondisk has no effect: an image is checked while it is unpacked, and not again)`,
  },
  {
    name: "trust-keys-from-https",
    kind: "boolean",
    help: "Trust keys discovered over https without asking",
  },
  { name: "help", kind: "boolean", help: "Help for this verb" },
  { name: "h", kind: "boolean", help: "Help for this verb", hidden: true },
];

/** Throws UsageError for unknown insecure options. */
export function globalOptions(given: readonly GivenFlag[]): GlobalOptions {
  const flags = parsedFlags(given, []);
  return {
    debug: flags.boolean("debug"),
    dataDir: flags.string("dir") ?? DEFAULT_DATA_DIR,
    systemConfigDir: flags.string("system-config") ?? DEFAULT_SYSTEM_CONFIG_DIR,
    localConfigDir: flags.string("local-config") ?? DEFAULT_LOCAL_CONFIG_DIR,
    userConfigDir: flags.string("user-config") ?? "",
    insecureOptions: parseInsecureOptions(flags.strings("insecure-options")),
    trustKeysFromHttps: flags.boolean("trust-keys-from-https"),
    help: flags.boolean("help") || flags.boolean("h"),
  };
}

/** Comma lists, repeatable; "none" adds nothing. */
export function parseInsecureOptions(lists: readonly string[]): ReadonlySet<InsecureOption> {
  const names = lists.flatMap((list) => list.split(",")).map((name) => name.trim());
  return new Set(names.flatMap(expand));
}

function expand(name: string): readonly InsecureOption[] {
  const group = INSECURE_GROUPS[name];
  if (group !== undefined) {
    return group;
  }
  const option = INSECURE_OPTIONS.find((candidate) => candidate === name);
  if (option === undefined) {
    throw new UsageError(`Unknown insecure option "${name}": want one of ${KNOWN_OPTIONS}`);
  }
  return [option];
}
