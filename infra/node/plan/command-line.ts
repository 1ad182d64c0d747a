// SPDX-License-Identifier: Apache-2.0
// What `corefly-node` was asked to do. Pure.

import { parseArgs } from "node:util";

/** What every command may be told. */
interface Common {
  /** Without it: the only node that there is. */
  readonly node: string | undefined;
  readonly stack: string;
  /** Folder with Pulumi.yaml. */
  readonly projectDir: string;
}

export interface LogsCommand extends Common {
  readonly kind: "logs";
  readonly follow: boolean;
  readonly units: readonly string[];
  /** Milliseconds since the epoch. */
  readonly sinceMs: number | undefined;
  readonly lastLines: number | undefined;
  /** Also of starts before the last one. */
  readonly allStarts: boolean;
}

export interface ConsoleCommand extends Common {
  readonly kind: "console";
  readonly follow: boolean;
  readonly lastLines: number | undefined;
}

export interface SupportCommand extends Common {
  readonly kind: "support";
  readonly output: string | undefined;
}

export type Command = { readonly kind: "help" } | LogsCommand | ConsoleCommand | SupportCommand;

export const HELP = `corefly-node: what nodes say, without logging in to them

  corefly-node logs [NODE]       the node's journal, as journalctl shows it
  corefly-node console [NODE]    the node's console, until Ctrl-C
  corefly-node support [NODE]    one file for those who help, without secrets

NODE may be left out where there is only one.

  -f, --follow           logs: go on with what comes, until Ctrl-C
  -u, --unit UNIT        logs: of this unit; may be given more than once
  -S, --since TIME       logs: from then on: "2026-11-25 14:00" (UTC), 14:00 (today), 10min, 2h
  -n, --lines COUNT      logs, console: no more than the last ones
      --all              logs: also of earlier starts of the node
      --no-follow        console: only what was said so far
  -o, --output FILE      support: where to, instead of this folder
  -s, --stack STACK      default: dev
  -C, --cwd DIR          folder with Pulumi.yaml; default: this one
  -h, --help             this text
`;

/** Throws one line for what cannot be understood. */
export function parseCommandLine(argv: readonly string[], nowMs: number): Command {
  const { values, positionals } = parseOptions(argv);
  const [verb, node, ...rest] = positionals;
  if (values.help === true || verb === "help") return { kind: "help" };
  if (rest.length > 0) throw new Error(`Cannot take "${rest[0]}": expected one node`);
  const common = { node, stack: checkStack(values.stack), projectDir: values.cwd };
  const lastLines = parseCount(values.lines);
  switch (verb) {
    case "logs":
      return {
        kind: "logs",
        ...common,
        follow: values.follow,
        units: values.unit.map(unitName),
        sinceMs: values.since === undefined ? undefined : parseSince(values.since, nowMs),
        lastLines,
        allStarts: values.all,
      };
    case "console":
      return { kind: "console", ...common, follow: !values["no-follow"], lastLines };
    case "support":
      return { kind: "support", ...common, output: values.output };
    default: {
      const found = verb === undefined ? "no command" : `command "${verb}"`;
      throw new Error(`Found ${found}, expected logs, console or support (--help says more)`);
    }
  }
}

function parseOptions(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        follow: { type: "boolean", short: "f", default: false },
        unit: { type: "string", short: "u", multiple: true, default: [] },
        since: { type: "string", short: "S" },
        lines: { type: "string", short: "n" },
        all: { type: "boolean", default: false },
        "no-follow": { type: "boolean", default: false },
        output: { type: "string", short: "o" },
        stack: { type: "string", short: "s", default: "dev" },
        cwd: { type: "string", short: "C", default: "." },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (cause) {
    // Of Node's text the first sentence: the others are about its own ways.
    const [reason = ""] = messageOf(cause).split(/\. |\.?\n/, 1);
    throw new Error(`${reason} (--help says what there is)`, { cause });
  }
}

function messageOf(cause: unknown): string {
  return typeof cause === "object" && cause !== null && "message" in cause
    ? String(cause.message)
    : String(cause);
}

function checkStack(stack: string): string {
  if (!/^[A-Za-z0-9_.-]{1,100}$/.test(stack) || /^\.+$/.test(stack)) {
    throw new Error(
      `Cannot use stack "${stack}": expected letters, digits, dots, dashes and underscores`,
    );
  }
  return stack;
}

/** systemctl's short form: `kubelet` is `kubelet.service`. */
function unitName(unit: string): string {
  return /\.(service|socket|device|mount|automount|swap|target|path|timer|slice|scope)$/.test(unit)
    ? unit
    : `${unit}.service`;
}

function parseCount(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) {
    throw new Error(`Cannot use --lines "${text}": expected a whole number`);
  }
  return Number(text);
}

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  sec: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

function parseSince(text: string, nowMs: number): number {
  const [, count, unit = ""] = /^-?(\d{1,9})(s|sec|m|min|h|d)$/.exec(text) ?? [];
  if (count !== undefined) return nowMs - Number(count) * (UNITS_MS[unit] ?? 0);
  const today = new Date(nowMs).toISOString().slice(0, 10);
  const whole = /^\d\d:\d\d(:\d\d)?$/.test(text) ? `${today} ${text}` : text;
  const [, day, time = "00:00"] =
    /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?))?Z?$/.exec(whole) ?? [];
  const ms = Date.parse(`${day}T${time}Z`);
  if (day === undefined || Number.isNaN(ms)) {
    throw new Error(
      `Cannot use --since "${text}": expected a time as "2026-11-25 14:00", 14:00, 10min or 2h`,
    );
  }
  return ms;
}
