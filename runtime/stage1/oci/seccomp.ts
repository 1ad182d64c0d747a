// SPDX-License-Identifier: Apache-2.0
// Seccomp profiles in the JSON form that Docker, containerd and Kubernetes users write: read here, and turned into the
// rules of one app, given its capabilities and the machine's architecture.
import { InvalidManifestError } from "../../errors.ts";
import type { OciSeccomp, OciSyscallArgument, OciSyscallRule } from "./spec-types.ts";

/** When a rule counts: for these architectures (Go names), and for apps that hold all of these capabilities. */
export interface SeccompCondition {
  readonly caps?: readonly string[];
  readonly arches?: readonly string[];
  readonly minKernel?: string;
}

export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly OciSyscallArgument[];
  readonly includes?: SeccompCondition;
  readonly excludes?: SeccompCondition;
}

export interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  /** The native architecture and those whose system calls it can also run. */
  readonly archMap?: readonly {
    readonly architecture: string;
    readonly subArchitectures: readonly string[];
  }[];
  /** Used as it is when there is no `archMap`. */
  readonly architectures?: readonly string[];
  readonly flags?: readonly string[];
  readonly syscalls: readonly SeccompRule[];
}

/** What the conditions of a profile are judged by. */
export interface SeccompFacts {
  readonly capabilities: readonly string[];
  readonly architecture: "amd64" | "arm64";
  /** "6.1" or longer, as uname -r says it. */
  readonly kernelRelease: string;
}

const NATIVE = { amd64: "SCMP_ARCH_X86_64", arm64: "SCMP_ARCH_AARCH64" } as const;

const ACTIONS: readonly string[] = [
  "SCMP_ACT_ALLOW",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_KILL",
  "SCMP_ACT_KILL_PROCESS",
  "SCMP_ACT_KILL_THREAD",
  "SCMP_ACT_LOG",
  "SCMP_ACT_NOTIFY",
  "SCMP_ACT_TRACE",
  "SCMP_ACT_TRAP",
];

/** The rules that hold for one app, without their conditions. */
export function resolveSeccomp(profile: SeccompProfile, facts: SeccompFacts): OciSeccomp {
  const native = NATIVE[facts.architecture];
  const mapped = profile.archMap?.find((entry) => entry.architecture === native);
  const architectures =
    mapped === undefined ? profile.architectures : [native, ...mapped.subArchitectures];
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(architectures === undefined ? {} : { architectures }),
    ...(profile.flags === undefined ? {} : { flags: profile.flags }),
    syscalls: profile.syscalls.filter((rule) => applies(rule, facts)).map(withoutConditions),
  };
}

function applies(rule: SeccompRule, facts: SeccompFacts): boolean {
  const { includes, excludes } = rule;
  const included =
    includes === undefined ||
    ((includes.caps ?? []).every((name) => facts.capabilities.includes(name)) &&
      (includes.arches === undefined || includes.arches.includes(facts.architecture)) &&
      (includes.minKernel === undefined || atLeast(facts.kernelRelease, includes.minKernel)));
  const excluded =
    excludes !== undefined &&
    ((excludes.caps ?? []).some((name) => facts.capabilities.includes(name)) ||
      (excludes.arches ?? []).includes(facts.architecture) ||
      (excludes.minKernel !== undefined && atLeast(facts.kernelRelease, excludes.minKernel)));
  return included && !excluded;
}

function withoutConditions(rule: SeccompRule): OciSyscallRule {
  return {
    names: rule.names,
    action: rule.action,
    ...(rule.errnoRet === undefined ? {} : { errnoRet: rule.errnoRet }),
    ...(rule.args === undefined || rule.args.length === 0 ? {} : { args: rule.args }),
  };
}

function atLeast(release: string, wanted: string): boolean {
  const numbers = (text: string) => (text.match(/\d+/g) ?? []).slice(0, 2).map(Number);
  const [major = 0, minor = 0] = numbers(release);
  const [wantedMajor = 0, wantedMinor = 0] = numbers(wanted);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** Reads a profile; `origin` is the file's path. Throws InvalidManifestError that names the offending entry. */
export function parseSeccompProfile(text: string, origin: string): SeccompProfile {
  const fail = (why: string, cause?: unknown): never => {
    throw new InvalidManifestError(`Cannot read seccomp profile "${origin}": ${why}`, { cause });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return fail(cause instanceof Error ? cause.message : "not JSON", cause);
  }
  if (!isRecord(value)) {
    return fail("expected a JSON object");
  }
  const action = (found: unknown, where: string): string =>
    typeof found === "string" && ACTIONS.includes(found)
      ? found
      : fail(`${where} is ${JSON.stringify(found)}, expected an action such as SCMP_ACT_ERRNO`);
  const rules = value["syscalls"] ?? [];
  if (!Array.isArray(rules)) {
    return fail("syscalls is not a list");
  }
  return {
    defaultAction: action(value["defaultAction"], "defaultAction"),
    ...optionalNumber(value["defaultErrnoRet"], "defaultErrnoRet"),
    ...optionalStrings(value["architectures"], "architectures"),
    ...optionalStrings(value["flags"], "flags"),
    ...parseArchMap(value["archMap"] ?? value["architecturesMap"]),
    syscalls: rules.map((rule: unknown, index) => {
      const where = `syscalls[${index}]`;
      if (!isRecord(rule)) {
        return fail(`${where} is not an object`);
      }
      const names = strings(rule["names"] ?? (rule["name"] === undefined ? [] : [rule["name"]]));
      if (names === undefined || names.length === 0) {
        return fail(`${where} names no system call`);
      }
      return {
        names,
        action: action(rule["action"], `${where}.action`),
        ...optionalNumber(rule["errnoRet"], "errnoRet"),
        ...parseArguments(rule["args"], where, fail),
        ...parseCondition(rule["includes"], "includes"),
        ...parseCondition(rule["excludes"], "excludes"),
      };
    }),
  };
}

function parseArguments(
  value: unknown,
  where: string,
  fail: (why: string) => never,
): { readonly args?: readonly OciSyscallArgument[] } {
  if (value === undefined || value === null) {
    return {};
  }
  if (!Array.isArray(value)) {
    return fail(`${where}.args is not a list`);
  }
  return {
    args: value.map((argument: unknown) => {
      if (
        !isRecord(argument) ||
        typeof argument["index"] !== "number" ||
        typeof argument["value"] !== "number" ||
        typeof argument["op"] !== "string"
      ) {
        return fail(`${where}.args needs index, value and op`);
      }
      const valueTwo = argument["valueTwo"];
      return {
        index: argument["index"],
        value: argument["value"],
        ...(typeof valueTwo === "number" ? { valueTwo } : {}),
        op: argument["op"],
      };
    }),
  };
}

function parseCondition<Key extends "includes" | "excludes">(
  value: unknown,
  key: Key,
): { readonly [K in Key]?: SeccompCondition } {
  if (!isRecord(value) || Object.keys(value).length === 0) {
    return {};
  }
  const { caps, arches, minKernel } = value;
  const condition: SeccompCondition = {
    ...optionalStrings(caps, "caps"),
    ...optionalStrings(arches, "arches"),
    ...(typeof minKernel === "string" ? { minKernel } : {}),
  };
  return { [key]: condition } as { readonly [K in Key]?: SeccompCondition };
}

function parseArchMap(value: unknown): Pick<SeccompProfile, "archMap"> {
  if (!Array.isArray(value)) {
    return {};
  }
  return {
    archMap: value.filter(isRecord).map((entry) => ({
      architecture: String(entry["architecture"]),
      subArchitectures: strings(entry["subArchitectures"] ?? []) ?? [],
    })),
  };
}

function optionalNumber<Key extends string>(value: unknown, key: Key) {
  return (typeof value === "number" ? { [key]: value } : {}) as { readonly [K in Key]?: number };
}

function optionalStrings<Key extends string>(value: unknown, key: Key) {
  const list = strings(value);
  return (list === undefined ? {} : { [key]: list }) as {
    readonly [K in Key]?: readonly string[];
  };
}

function strings(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === "string")
    ? value
    : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
