// SPDX-License-Identifier: Apache-2.0
// The program `corefly`: finds the verb, loads it, runs it, turns errors into one line and an exit code.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CoreflyError, EXIT_FAILURE, UsageError } from "../errors.ts";
import { linuxSystem } from "../system/linux.ts";
import { findVerb, splitGlobals } from "./dispatch.ts";
import { errorLine, errorTree } from "./errors.ts";
import { parseFlags } from "./flags.ts";
import { GLOBAL_FLAGS, globalOptions } from "./globals.ts";
import { overview, verbHelp } from "./help.ts";
import { writeOutput } from "./output.ts";
import type { VerbContext } from "./verb.ts";
import { VERBS } from "./verbs.ts";

/** rkt's exit code for a command line without a verb. */
const EXIT_NO_VERB = 2;

const system = linuxSystem();
const stop = stopSignals();
const exitCode = await main(process.argv.slice(2));
const killedBy = stop.received();
if (killedBy !== undefined) {
  stop.dispose();
  process.kill(process.pid, killedBy);
}
process.exit(exitCode);

async function main(argv: readonly string[]): Promise<number> {
  const out = (text: string) => writeOutput(system, 1, text);
  let prefix = "corefly";
  let debug = argv.includes("--debug");
  try {
    const found = findVerb(
      [...VERBS, { name: "help", summary: "Help, also about one verb", load: undefined }],
      argv,
    );
    if (found === undefined) {
      parseFlags(GLOBAL_FLAGS, argv);
      out(overview(VERBS));
      return argv.some((arg) => arg === "--help" || arg === "-h") ? 0 : EXIT_NO_VERB;
    }
    const { entry, rest } = found;
    if (entry.load === undefined) {
      out(await helpAbout(rest));
      return 0;
    }
    prefix = entry.name;
    const { verb } = await entry.load();
    const split = splitGlobals(rest, verb.flags ?? [], verb.positionalsEndFlags ?? false);
    const globals = globalOptions(split.globals);
    debug = globals.debug;
    if (globals.help) {
      out(verbHelp(verb));
      return 0;
    }
    if (verb.needsRoot === true && process.geteuid?.() !== 0) {
      throw new UsageError("cannot run as unprivileged user");
    }
    return await verb.run(split.args, context(prefix, globals, out));
  } catch (error) {
    report(prefix, error, debug);
    return EXIT_FAILURE;
  }
}

async function helpAbout(words: readonly string[]): Promise<string> {
  const found = words.length === 0 ? undefined : findVerb(VERBS, words);
  return found === undefined ? overview(VERBS) : verbHelp((await found.entry.load()).verb);
}

function context(
  prefix: string,
  globals: VerbContext["globals"],
  out: VerbContext["out"],
): VerbContext {
  const env = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    ),
  );
  const home = dirname(fileURLToPath(import.meta.url));
  const warn = (message: string, by = prefix) =>
    writeOutput(system, 2, `${by.split(" ")[0]}: ${message}\n`);
  return {
    system,
    verbs: VERBS,
    globals,
    env,
    cwd: process.cwd(),
    programPath: [
      join(home, "bin"),
      ...(env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin").split(":"),
    ],
    // CNI_PATH is what every CNI tool listens to.
    cniPath: [
      ...(env["CNI_PATH"] ?? "").split(":").filter((dir) => dir !== ""),
      join(home, "cni"),
      "/usr/lib/cni",
      "/opt/cni/bin",
    ],
    out,
    warn,
    debug: (message, by) => (globals.debug ? warn(message, by) : undefined),
    signal: stop.signal,
  };
}

function report(prefix: string, error: unknown, debug: boolean): void {
  const text = debug ? errorTree(error) : errorLine(error);
  writeOutput(system, 2, `${prefix}: ${text}\n`);
  if (debug && !(error instanceof CoreflyError) && error instanceof Error) {
    writeOutput(system, 2, `${error.stack ?? ""}\n`);
  }
}

/** The first SIGINT or SIGTERM asks the verb to stop; the second ends us as if we had no handler. */
function stopSignals() {
  const controller = new AbortController();
  const names = ["SIGINT", "SIGTERM"] as const;
  let received: (typeof names)[number] | undefined;
  const handlers = names.map((name) => {
    const handler = () => {
      if (received !== undefined) {
        dispose();
        process.kill(process.pid, name);
        return;
      }
      received = name;
      controller.abort(new CoreflyError("CANCELLED", `Stopped by ${name}`));
    };
    process.on(name, handler);
    return [name, handler] as const;
  });
  const dispose = () => {
    for (const [name, handler] of handlers) {
      process.off(name, handler);
    }
  };
  return { signal: controller.signal, received: () => received, dispose };
}
