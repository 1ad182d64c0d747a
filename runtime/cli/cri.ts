// SPDX-License-Identifier: Apache-2.0
// `corefly cri`: serves the Kubernetes container runtime interface until it is told to stop.
import { join } from "node:path";
import { lineLog, parseLogLevel } from "../cri/log.ts";
import { serveCri } from "../cri/main.ts";
import { UsageError } from "../errors.ts";
import { parseDuration } from "./duration.ts";
import { type FlagSpec, parseFlags } from "./flags.ts";
import type { Verb } from "./verb.ts";

const DEFAULT_STATE_DIR = "/run/corefly";

const FLAGS: readonly FlagSpec[] = [
  {
    name: "listen",
    kind: "string",
    value: "PATH",
    help: "Unix socket; not used when systemd passes one (default STATE-DIR/cri.sock)",
  },
  {
    name: "state-dir",
    kind: "string",
    value: "DIR",
    help: `What need not outlive a reboot (default ${DEFAULT_STATE_DIR})`,
  },
  {
    name: "cni-bin-dir",
    kind: "string",
    value: "DIR",
    repeatable: true,
    help: "Searched for network plugins before the usual places",
  },
  {
    name: "runtime-timeout",
    kind: "string",
    value: "DURATION",
    help: "How long one run of crun may take before it is killed (default 1m)",
  },
  {
    name: "plugin-timeout",
    kind: "string",
    value: "DURATION",
    help: "How long one run of a network plugin may take before it is killed (default 1m)",
  },
  {
    name: "log-level",
    kind: "string",
    value: "LEVEL",
    help: "debug, info, warn or error (default info; debug shows every request)",
  },
];

export const verb: Verb = {
  name: "cri",
  summary: "Serve the Kubernetes container runtime interface",
  usage: "[--listen=PATH] [--state-dir=DIR]",
  flags: FLAGS,
  needsRoot: true,
  description: `The kubelet's containerRuntimeEndpoint. Pods do not depend on the server: it may be stopped, killed and
started again at any time while they run.`,
  run: async (args, context) => {
    const flags = parseFlags(FLAGS, args);
    const [extra] = flags.positionals;
    if (extra !== undefined) {
      throw new UsageError(`Unknown argument "${extra}": cri takes only flags`);
    }
    const { globals, system, env } = context;
    const levelName = flags.string("log-level") ?? (globals.debug ? "debug" : "info");
    const level = parseLogLevel(levelName);
    if (level === undefined) {
      throw new UsageError(
        `Cannot use log level "${levelName}": expected debug, info, warn or error`,
      );
    }
    const timeout = (name: string) => {
      const ms = parseDuration(flags.string(name) ?? "1m", name);
      if (ms < 1) {
        throw new UsageError(`Cannot use flag "--${name}": expected more than nothing`);
      }
      return ms;
    };
    const stateDir = flags.string("state-dir") ?? DEFAULT_STATE_DIR;
    await serveCri({
      system,
      log: lineLog({
        level,
        journal: env["JOURNAL_STREAM"] !== undefined,
        write: (line) => {
          process.stderr.write(line);
        },
      }),
      env,
      address: flags.string("listen") ?? join(stateDir, "cri.sock"),
      dataDir: globals.dataDir,
      stateDir,
      configDirs: [globals.systemConfigDir, globals.localConfigDir],
      insecureOptions: globals.insecureOptions,
      programPath: context.programPath,
      cniPath: [...flags.strings("cni-bin-dir"), ...context.cniPath],
      runtimeTimeoutMs: timeout("runtime-timeout"),
      pluginTimeoutMs: timeout("plugin-timeout"),
      signal: context.signal,
    });
    return 0;
  },
};
