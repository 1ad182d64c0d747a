// SPDX-License-Identifier: Apache-2.0
// From a command line to a verb and its arguments, by rkt's rules: a verb may be shortened as long as it is unambiguous,
// global flags may stand anywhere, and flags of the verb may also stand before it.
import { UsageError } from "../errors.ts";
import { type FlagSpec, type GivenFlag, parseOne, splitFlag } from "./flags.ts";
import { GLOBAL_FLAGS } from "./globals.ts";

/** What is needed to find a verb: its name, which may be two words. */
export interface Named {
  readonly name: string;
}

export interface FoundVerb<V extends Named> {
  readonly entry: V;
  /** Everything else of the command line, in its order, global flags included. */
  readonly rest: readonly string[];
}

/**
 * The verb that a command line names, undefined when it names none. Throws UsageError for unknown and ambiguous ones.
 * "image" alone is not a verb but begins several: then the error lists them.
 */
export function findVerb<V extends Named>(
  entries: readonly V[],
  args: readonly string[],
): FoundVerb<V> | undefined {
  const words = wordPositions(args);
  const [first, second] = words;
  if (first === undefined) {
    return undefined;
  }
  // A word behind an unknown flag without "=" may be its value: then the verb comes later.
  for (const position of words) {
    const word = args[position] ?? "";
    const candidates = matching(entries, word, (entry) => entry.name.split(" ")[0] ?? "");
    if (candidates.length === 0 && afterFlag(args, position)) {
      continue;
    }
    return narrow(entries, args, position, candidates);
  }
  throw new UsageError(`Unknown verb "${args[second ?? first] ?? ""}"`);
}

function narrow<V extends Named>(
  entries: readonly V[],
  args: readonly string[],
  position: number,
  candidates: readonly V[],
): FoundVerb<V> {
  const word = args[position] ?? "";
  const heads = new Set(candidates.map((entry) => entry.name.split(" ")[0]));
  const [head] = heads;
  if (head === undefined) {
    throw new UsageError(`Unknown verb "${word}": see "corefly help"`);
  }
  if (heads.size > 1) {
    throw new UsageError(`Ambiguous verb "${word}": ${[...heads].join(", ")}`);
  }
  const rest = args.filter((_, index) => index !== position);
  const single = candidates.find((entry) => entry.name === head);
  if (single !== undefined) {
    return { entry: single, rest };
  }
  const group = entries.filter((entry) => entry.name.startsWith(`${head} `));
  const after = wordPositions(args).find((index) => index > position);
  const names = group.map((entry) => entry.name.slice(head.length + 1)).join(", ");
  if (after === undefined) {
    throw new UsageError(`Verb "${head}" needs one of: ${names}`);
  }
  const subword = args[after] ?? "";
  const found = matching(group, subword, (entry) => entry.name.slice(head.length + 1));
  const [entry] = found;
  if (entry === undefined || found.length > 1) {
    throw new UsageError(
      `${found.length > 1 ? "Ambiguous" : "Unknown"} verb "${head} ${subword}": want one of ${names}`,
    );
  }
  return { entry, rest: args.filter((_, index) => index !== position && index !== after) };
}

/** An exact name wins over longer ones that begin with it. */
function matching<V extends Named>(
  entries: readonly V[],
  word: string,
  nameOf: (entry: V) => string,
): readonly V[] {
  const exact = entries.filter((entry) => nameOf(entry) === word);
  return exact.length > 0
    ? exact
    : entries.filter((entry) => nameOf(entry).startsWith(word) && word !== "");
}

/** Positions of arguments that are neither flags nor values of global flags, up to `--`. */
function wordPositions(args: readonly string[]): readonly number[] {
  const positions: number[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? "";
    if (arg === "--") {
      break;
    }
    if (!isFlag(arg)) {
      positions.push(index);
    } else if (takesNext(GLOBAL_FLAGS, arg)) {
      index += 1;
    }
  }
  return positions;
}

function afterFlag(args: readonly string[], position: number): boolean {
  const before = args[position - 1];
  return before !== undefined && isFlag(before) && !before.includes("=");
}

export interface SplitArguments {
  readonly globals: readonly GivenFlag[];
  readonly args: readonly string[];
}

/**
 * Takes the global flags out of a verb's arguments. They count anywhere before `--`, for verbs whose positionals end flags
 * only before the first positional: what follows belongs to apps.
 */
export function splitGlobals(
  args: readonly string[],
  flags: readonly FlagSpec[],
  positionalsEndFlags: boolean,
): SplitArguments {
  const globals: GivenFlag[] = [];
  const kept: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? "";
    if (arg === "--" || (positionalsEndFlags && !isFlag(arg))) {
      kept.push(...args.slice(index));
      break;
    }
    if (isFlag(arg) && GLOBAL_FLAGS.some(({ name }) => name === splitFlag(arg).name)) {
      const { flag, consumed } = parseOne(GLOBAL_FLAGS, arg, args[index + 1]);
      globals.push(flag);
      index += consumed - 1;
      continue;
    }
    kept.push(arg);
    if (isFlag(arg) && takesNext(flags, arg) && index + 1 < args.length) {
      index += 1;
      kept.push(args[index] ?? "");
    }
  }
  return { globals, args: kept };
}

function isFlag(arg: string): boolean {
  return arg.startsWith("-") && arg !== "-";
}

function takesNext(specs: readonly FlagSpec[], arg: string): boolean {
  const { name, value } = splitFlag(arg);
  return value === undefined && specs.some((spec) => spec.name === name && spec.kind === "string");
}
