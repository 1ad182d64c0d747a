// SPDX-License-Identifier: Apache-2.0
// Flags as users of rkt write them (pflag): `--flag=value`, `--flag value`, `--flag` for booleans, `--` ends them.
import { UsageError } from "../errors.ts";

/**
 * What a flag takes: nothing or `=true|false` (boolean), a value (string), or a value that may be left out and then needs
 * an `=` to be given (optional).
 */
export type FlagKind = "boolean" | "string" | "optional";

export interface FlagSpec {
  readonly name: string;
  readonly kind: FlagKind;
  readonly help: string;
  /** What stands for the value in the help, for example "FILE". */
  readonly value?: string;
  /** May be given more than once; otherwise the last one counts. */
  readonly repeatable?: boolean;
  /** Left out of the help. */
  readonly hidden?: boolean;
}

/** One flag as it was found. `value` is undefined for an optional one without `=`. */
export interface GivenFlag {
  readonly name: string;
  readonly value: string | undefined;
}

export interface ParsedFlags {
  readonly given: readonly GivenFlag[];
  readonly positionals: readonly string[];
  boolean(name: string): boolean;
  /** The last one given; undefined when there is none. */
  string(name: string): string | undefined;
  strings(name: string): readonly string[];
  has(name: string): boolean;
}

export interface ParseOptions {
  /** "anywhere": flags and positionals in any order; "first": everything from the first positional on is one. */
  readonly flags?: "anywhere" | "first";
}

/** Throws UsageError for unknown flags, missing values and booleans that are neither true nor false. */
export function parseFlags(
  specs: readonly FlagSpec[],
  args: readonly string[],
  options: ParseOptions = {},
): ParsedFlags {
  const given: GivenFlag[] = [];
  const positionals: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? "";
    if (arg === "--") {
      positionals.push(...args.slice(index + (options.flags === "first" ? 0 : 1)));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      if (options.flags === "first") {
        positionals.push(...args.slice(index));
        break;
      }
      positionals.push(arg);
      continue;
    }
    const { flag, consumed } = parseOne(specs, arg, args[index + 1]);
    given.push(flag);
    index += consumed - 1;
  }
  return parsedFlags(given, positionals);
}

/** One flag at the start of `arg`; `consumed` is 2 when its value was the next argument. */
export function parseOne(
  specs: readonly FlagSpec[],
  arg: string,
  next: string | undefined,
): { readonly flag: GivenFlag; readonly consumed: 1 | 2 } {
  const { name, value } = splitFlag(arg);
  const spec = specs.find((candidate) => candidate.name === name);
  if (spec === undefined) {
    throw new UsageError(`Unknown flag "${arg.split("=")[0]}"`);
  }
  if (spec.kind === "boolean") {
    if (value !== undefined && value !== "true" && value !== "false") {
      throw new UsageError(`Cannot use flag "--${name}": "${value}" is neither true nor false`);
    }
    return { flag: { name, value: value ?? "true" }, consumed: 1 };
  }
  if (value !== undefined || spec.kind === "optional") {
    return { flag: { name, value }, consumed: 1 };
  }
  if (next === undefined) {
    throw new UsageError(`Cannot use flag "--${name}": it needs a value`);
  }
  return { flag: { name, value: next }, consumed: 2 };
}

/** `-x` is `--x`: there are no one-letter flags except -h. */
export function splitFlag(arg: string): {
  readonly name: string;
  readonly value: string | undefined;
} {
  const body = arg.replace(/^--?/, "");
  const equals = body.indexOf("=");
  return equals < 0
    ? { name: body, value: undefined }
    : { name: body.slice(0, equals), value: body.slice(equals + 1) };
}

/** Looks flags up in a list of given ones. */
export function parsedFlags(
  given: readonly GivenFlag[],
  positionals: readonly string[],
): ParsedFlags {
  const all = (name: string) => given.filter((flag) => flag.name === name);
  return {
    given,
    positionals,
    boolean: (name) => all(name).at(-1)?.value === "true",
    string: (name) => all(name).at(-1)?.value,
    strings: (name) => all(name).map(({ value }) => value ?? ""),
    has: (name) => all(name).length > 0,
  };
}

/** The lines about flags in a help text, aligned. */
export function describeFlags(specs: readonly FlagSpec[]): string {
  const rows = specs
    .filter(({ hidden }) => hidden !== true)
    .map((spec) => [`  --${spec.name}${describeValue(spec)}`, spec.help] as const);
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `${left.padEnd(width)}  ${right}\n`).join("");
}

function describeValue({ kind, value }: FlagSpec): string {
  switch (kind) {
    case "boolean":
      return "";
    case "string":
      return `=${value ?? "VALUE"}`;
    case "optional":
      return `[=${value ?? "VALUE"}]`;
  }
}
