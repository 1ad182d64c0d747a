// SPDX-License-Identifier: Apache-2.0
// The command line of `run`: `[pod flags] IMAGE [app flags] [-- args… [---]] IMAGE …`, as rkt's.
import { UsageError } from "../errors.ts";
import type { NameValue } from "../pod/manifest.ts";
import type {
  AppRequest,
  DnsRequest,
  Flavour,
  HostsRequest,
  PortRequest,
  PullPolicy,
  RunRequest,
} from "../stage0/request.ts";
import { FLAVOURS } from "../stage0/request.ts";
import { AC_NAME, parseMount, parseVolume } from "../stage0/volumes.ts";
import {
  type GivenFlag,
  type ParsedFlags,
  parsedFlags,
  parseFlags,
  parseOne,
  splitFlag,
} from "./flags.ts";
import { APP_FLAGS, POD_FLAGS } from "./run-flags.ts";

/** Throws UsageError for everything that is not understood or contradicts itself. */
export function parseRunArguments(args: readonly string[]): RunRequest {
  const firstApp = args.findIndex(
    (arg, index) => isAppFlagOnly(arg) && !args.slice(0, index).some(isWord),
  );
  if (firstApp >= 0) {
    throw new UsageError(`--${splitFlag(args[firstApp] ?? "").name} must follow an image`);
  }
  const { given, positionals } = parseFlags(POD_FLAGS, args, { flags: "first" });
  const flags = parsedFlags(given, positionals);
  const apps = parseApps(positionals);
  const [app] = apps;
  if (app === undefined) {
    throw new UsageError("must provide at least one image");
  }
  const flavour = parseChoice(flags, "stage1", FLAVOURS, "oci");
  if (flags.boolean("interactive") && apps.length > 1) {
    throw new UsageError("interactive option only supports one image");
  }
  if (apps.length > 1) {
    throw new UsageError(
      `Cannot run ${apps.length} images in one pod: --stage1=${flavour} takes one`,
    );
  }
  const network = parseNetwork(flags, flavour);
  const ports = flags.strings("port").map(parsePort);
  if (ports.length > 0 && (network === "host" || network === "none")) {
    throw new UsageError(`--port flag does not work with '${network}' networking`);
  }
  return {
    flavour,
    network,
    ports,
    dns: parseDns(flags),
    hosts: parseHosts(flags),
    hostname: flags.string("hostname"),
    inheritEnvironment: flags.boolean("inherit-env"),
    setEnvironment: unique(
      flags.strings("set-env").map((text) => parseVariable(text, "set-env")),
      "set-env",
    ),
    environmentFiles: flags.strings("set-env-file"),
    volumes: unique(flags.strings("volume").map(parseVolume), "volume"),
    mounts: flags.strings("mount").map(parseMount),
    uuidFileSave: flags.string("uuid-file-save"),
    interactive: flags.boolean("interactive"),
    pullPolicy: parsePullPolicy(flags),
    dryRun: flags.boolean("dry-run"),
    app,
  };
}

function isWord(arg: string): boolean {
  return !arg.startsWith("-");
}

/** A flag of apps that means nothing before the first image. */
function isAppFlagOnly(arg: string): boolean {
  const { name } = splitFlag(arg);
  return (
    arg.startsWith("--") &&
    arg !== "--" &&
    APP_FLAGS.some((flag) => flag.name === name) &&
    !POD_FLAGS.some((flag) => flag.name === name)
  );
}

/** `--` begins an app's arguments, `---` ends the app. */
const SEPARATORS = ["--", "---"];

/** What follows the pod's flags: images, each with its flags and arguments. */
function parseApps(words: readonly string[]): readonly AppRequest[] {
  const apps: AppRequest[] = [];
  let index = 0;
  while (index < words.length) {
    const image = words[index] ?? "";
    if (image === "" || image.startsWith("-")) {
      throw new UsageError(`"${image}" is not an image`);
    }
    index += 1;
    const given: GivenFlag[] = [];
    while ((words[index] ?? "").startsWith("-") && !SEPARATORS.includes(words[index] ?? "")) {
      const { flag, consumed } = parseOne(APP_FLAGS, words[index] ?? "", words[index + 1]);
      given.push(flag);
      index += consumed;
    }
    let args: readonly string[] | undefined;
    if (words[index] === "--") {
      const end = words.indexOf("---", index);
      args = words.slice(index + 1, end < 0 ? words.length : end);
      index = end < 0 ? words.length : end + 1;
    } else if (words[index] === "---") {
      index += 1;
    }
    apps.push(parseApp(image, parsedFlags(given, []), args));
  }
  return apps;
}

function parseApp(
  image: string,
  flags: ParsedFlags,
  args: readonly string[] | undefined,
): AppRequest {
  const name = flags.string("name");
  if (name !== undefined && !AC_NAME.test(name)) {
    throw new UsageError(
      `Cannot use name "${name}": want lower-case letters, digits and dashes between them`,
    );
  }
  const workingDirectory = flags.string("working-dir");
  if (workingDirectory !== undefined && !workingDirectory.startsWith("/")) {
    throw new UsageError(`Cannot use working directory "${workingDirectory}": it is not absolute`);
  }
  return {
    image,
    signature: flags.string("signature"),
    name,
    exec: flags.string("exec"),
    args,
    workingDirectory,
    user: flags.string("user"),
    group: flags.string("group"),
    supplementaryGids: flags
      .string("supplementary-gids")
      ?.split(",")
      .map((gid) => parseNumber(gid, "supplementary-gids", 0, 4_294_967_294)),
    environment: flags.strings("environment").map((text) => parseVariable(text, "environment")),
    mounts: flags.strings("mount").map(parseMount),
    annotations: flags.strings("annotation").map((text) => parseVariable(text, "annotation")),
    readOnlyRootfs: flags.boolean("readonly-rootfs"),
    memoryBytes: parseMemory(flags.string("memory")),
    cpuMillis: parseCpu(flags.string("cpu")),
    cpuShares: optionalNumber(flags, "cpu-shares", 2, 262_144),
    capabilities: parseCapabilities(flags),
    oomScoreAdj: optionalNumber(flags, "oom-score-adj", -1000, 1000),
  };
}

function parseNetwork(flags: ParsedFlags, flavour: Flavour): string {
  if (flavour === "fly") {
    const network = flags.has("net") ? (flags.string("net") ?? "default") : "host";
    if (network !== "host") {
      throw new UsageError(
        `--net=${network} does not work with --stage1=fly, which has the host's network`,
      );
    }
    return network;
  }
  const network = flags.has("net") ? (flags.string("net") ?? "default") : "default";
  if (network === "") {
    throw new UsageError('Cannot use flag "--net": its value is empty');
  }
  return network;
}

function parsePort(text: string): PortRequest {
  const match = /^([a-z0-9]+(?:-[a-z0-9]+)*):(?:(.+):)?(\d+)$/.exec(text);
  const [, name = "", hostIp = "", port = ""] = match ?? [];
  if (match === null) {
    throw new UsageError(`Cannot use port "${text}": want NAME:[HOSTIP:]HOSTPORT`);
  }
  return { name, hostIp, hostPort: parseNumber(port, "port", 1, 65_535) };
}

function parseDns(flags: ParsedFlags): DnsRequest {
  const servers = flags.strings("dns").flatMap((list) => list.split(","));
  const search = flags.strings("dns-search").flatMap((list) => list.split(","));
  const options = flags.strings("dns-opt").flatMap((list) => list.split(","));
  const domain = flags.string("dns-domain") ?? "";
  const [first] = servers;
  const extra = search.length + options.length + domain.length > 0;
  if (first === "host" || first === "none") {
    if (servers.length > 1 || extra) {
      throw new UsageError(`--dns=${first} excludes other DNS settings`);
    }
    return { kind: first };
  }
  const wrong = servers.find((server) => !/^[0-9a-fA-F.:%]+$/.test(server));
  if (wrong !== undefined) {
    throw new UsageError(`Cannot use name server "${wrong}": want an address, host or none`);
  }
  return first === undefined && !extra
    ? { kind: "default" }
    : { kind: "servers", servers, search, options, domain };
}

function parseHosts(flags: ParsedFlags): HostsRequest {
  const entries = flags.strings("hosts-entry").flatMap((list) => list.split(","));
  if (entries.includes("host")) {
    if (entries.length > 1) {
      throw new UsageError("--hosts-entry=host excludes other entries");
    }
    return { kind: "host" };
  }
  return entries.length === 0
    ? { kind: "default" }
    : {
        kind: "entries",
        entries: entries.map((entry) => {
          const { name: ip, value: name } = parseVariable(entry, "hosts-entry");
          if (!/^[0-9a-fA-F.:]+$/.test(ip) || /\s/.test(name)) {
            throw new UsageError(`Cannot use hosts entry "${entry}": want IP=NAME`);
          }
          return { ip, name };
        }),
      };
}

function parsePullPolicy(flags: ParsedFlags): PullPolicy {
  const given = ["pull-policy", "store-only", "no-store"].filter((name) => flags.has(name));
  if (given.length > 1) {
    throw new UsageError(`flags --${given[0]} and --${given[1]} are mutually exclusive`);
  }
  if (flags.boolean("store-only")) {
    return "never";
  }
  return flags.boolean("no-store")
    ? "update"
    : parseChoice(flags, "pull-policy", ["new", "update", "never"] as const, "new");
}

function parseCapabilities(flags: ParsedFlags): AppRequest["capabilities"] {
  const names = (kind: string) =>
    [...flags.strings(`caps-${kind}`), ...flags.strings(`cap-${kind}`)]
      .flatMap((list) => list.split(","))
      .map((name) => name.toUpperCase());
  const [retain, remove] = [names("retain"), names("remove")];
  const wrong = [...retain, ...remove].find((name) => !/^CAP_[A-Z_]+$/.test(name));
  if (wrong !== undefined) {
    throw new UsageError(`Cannot use capability "${wrong}": want a name like CAP_NET_ADMIN`);
  }
  if (retain.length > 0 && remove.length > 0) {
    throw new UsageError("flags --caps-retain and --caps-remove are mutually exclusive");
  }
  if (retain.length > 0) {
    return { kind: "retain", names: retain };
  }
  return remove.length > 0 ? { kind: "remove", names: remove } : undefined;
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

function parseMemory(text: string | undefined): number | undefined {
  if (text === undefined) {
    return undefined;
  }
  const [, digits = "", unit = ""] = /^(\d+)([kMGT]i?|Ki)?$/.exec(text) ?? [];
  const bytes = Number(digits) * (UNITS[unit] ?? Number.NaN);
  if (digits === "" || !Number.isSafeInteger(bytes) || bytes < 4096) {
    throw new UsageError(`Cannot use memory limit "${text}": want at least 4096 bytes`);
  }
  return bytes;
}

function parseCpu(text: string | undefined): number | undefined {
  if (text === undefined) {
    return undefined;
  }
  const [, digits = "", milli = ""] = /^(\d+(?:\.\d{1,3})?)(m)?$/.exec(text) ?? [];
  const millis = Math.round(Number(digits) * (milli === "" ? 1000 : 1));
  if (digits === "" || millis < 1) {
    throw new UsageError(`Cannot use processor limit "${text}": want a number like 2, 0.5 or 500m`);
  }
  return millis;
}

function parseChoice<const Choice extends string>(
  flags: ParsedFlags,
  name: string,
  choices: readonly Choice[],
  fallback: Choice,
): Choice {
  const value = flags.string(name);
  if (value === undefined) {
    return fallback;
  }
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) {
    throw new UsageError(
      `Cannot use flag "--${name}": "${value}" is not one of ${choices.join(", ")}`,
    );
  }
  return choice;
}

function parseVariable(text: string, flag: string): NameValue {
  const equals = text.indexOf("=");
  if (equals < 1) {
    throw new UsageError(`Cannot use flag "--${flag}": "${text}" is not NAME=VALUE`);
  }
  return { name: text.slice(0, equals), value: text.slice(equals + 1) };
}

function unique<T extends { readonly name: string }>(
  items: readonly T[],
  flag: string,
): readonly T[] {
  const twice = items.find(
    (item, index) => items.findIndex(({ name }) => name === item.name) < index,
  );
  if (twice !== undefined) {
    throw new UsageError(`Cannot use flag "--${flag}": "${twice.name}" is given twice`);
  }
  return items;
}

function optionalNumber(
  flags: ParsedFlags,
  name: string,
  min: number,
  max: number,
): number | undefined {
  const text = flags.string(name);
  return text === undefined ? undefined : parseNumber(text, name, min, max);
}

function parseNumber(text: string, flag: string, min: number, max: number): number {
  const number = Number(text);
  if (!/^-?\d+$/.test(text) || number < min || number > max) {
    throw new UsageError(
      `Cannot use flag "--${flag}": "${text}" is not a number from ${min} to ${max}`,
    );
  }
  return number;
}
