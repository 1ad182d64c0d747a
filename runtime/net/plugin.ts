// SPDX-License-Identifier: Apache-2.0
// Runs one CNI plugin by the specification's protocol: environment and JSON in, a result or an error object out.
// https://www.cni.dev/docs/spec/#section-2-execution-protocol
import { CoreflyError, ExecError, NotFoundError, TimeoutError } from "../errors.ts";
import { callAfter } from "../system/clock.ts";
import { errnoOf } from "../system/kernel.ts";
import type { System } from "../system/system.ts";

export type CniCommand = "ADD" | "DEL" | "CHECK";

/** Where plugins are, and what they need of the host. */
export interface PluginHost {
  /** Searched in this order; also CNI_PATH, where plugins find their IPAM plugin. */
  readonly pluginDirs: readonly string[];
  /** PATH of the plugins: with `nft`, which masquerading and port mapping run. */
  readonly path: string;
  /** Default {@link DEFAULT_PLUGIN_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
}

export const DEFAULT_PLUGIN_TIMEOUT_MS = 60_000;

export interface PluginCall {
  readonly command: CniCommand;
  readonly type: string;
  readonly containerId: string;
  /** Empty when the namespace is gone, which only DEL can bear. */
  readonly netns: string;
  readonly ifName: string;
  /** CNI_ARGS: `K8S_POD_NAME` and so on. */
  readonly args: Readonly<Record<string, string>>;
  readonly stdin: unknown;
}

const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/** The environment of a call. Nothing of ours is passed on. */
export function pluginEnvironment(
  host: PluginHost,
  call: PluginCall,
): Readonly<Record<string, string>> {
  const args = Object.entries(call.args).map(([name, value]) => `${name}=${value}`);
  return {
    CNI_COMMAND: call.command,
    CNI_CONTAINERID: call.containerId,
    CNI_NETNS: call.netns,
    CNI_IFNAME: call.ifName,
    CNI_ARGS: args.join(";"),
    CNI_PATH: host.pluginDirs.join(":"),
    PATH: host.path,
  };
}

/**
 * Runs the plugin and returns what it printed, parsed; undefined for no output. A plugin that fails, prints nonsense or
 * runs into the time-out throws one line with its own words. At the time-out it and its children are killed.
 */
export async function runPlugin(
  system: System,
  host: PluginHost,
  call: PluginCall,
  options: { readonly signal?: AbortSignal } = {},
): Promise<unknown> {
  const file = system.exec.findProgram(call.type, host.pluginDirs);
  if (file === undefined) {
    throw new NotFoundError(
      `Cannot find CNI plugin "${call.type}" in ${host.pluginDirs.map((each) => `"${each}"`).join(", ")}`,
    );
  }
  await system.exec.turn();
  const ended = await runToEnd(system, host, file, call, options.signal);
  const output = parseOutput(ended.stdout);
  if (ended.exitCode === 0 && !isErrorObject(output)) {
    if (output === NOT_JSON) {
      throw pluginError(call, `it printed no JSON: ${ended.stdout.slice(0, 200).trim()}`, ended);
    }
    return output;
  }
  throw pluginError(call, reasonOf(ended, output), ended);
}

interface Ended {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

function runToEnd(
  system: System,
  host: PluginHost,
  file: string,
  call: PluginCall,
  signal: AbortSignal | undefined,
): Promise<Ended> {
  const timeoutMs = host.timeoutMs ?? DEFAULT_PLUGIN_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    // A process group of its own: an IPAM plugin that hangs is a grandchild, and holds our pipes open.
    const child = system.exec.spawnProcess({
      file,
      args: [],
      env: pluginEnvironment(host, call),
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
    });
    // Detached children do not keep this process alive, but this one is waited for.
    child.ref();
    let [stdout, stderr] = ["", ""];
    const stop = (error: CoreflyError) => {
      killGroup(system, child.pid);
      cleanUp();
      reject(error);
    };
    const onAbort = () =>
      stop(
        new CoreflyError("CANCELLED", `Cannot run CNI plugin "${call.type}": cancelled`, {
          cause: signal?.reason,
        }),
      );
    const giveUpTimer = callAfter(timeoutMs, () =>
      stop(
        new TimeoutError(
          `Cannot run CNI plugin "${call.type}" (${call.command}): no answer within ${timeoutMs} ms`,
        ),
      ),
    );
    const cleanUp = () => {
      giveUpTimer();
      signal?.removeEventListener("abort", onAbort);
    };
    child.stdout?.on("data", (chunk: Buffer) => {
      stdout = stdout.length < MAX_OUTPUT_BYTES ? stdout + chunk.toString() : stdout;
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr = `${stderr}${chunk.toString()}`.slice(-4096);
    });
    child.once("error", (cause) => {
      cleanUp();
      reject(
        new ExecError(
          `Cannot run CNI plugin "${file}": ${errnoOf(cause)}`,
          { stderrTail: "" },
          { cause },
        ),
      );
    });
    child.once("close", (code, killedBy) => {
      cleanUp();
      resolve({ exitCode: code ?? undefined, signal: killedBy ?? undefined, stdout, stderr });
    });
    // A plugin may end without reading its input.
    child.stdin?.on("error", () => {});
    child.stdin?.end(JSON.stringify(call.stdin));
    if (signal?.aborted === true) {
      onAbort();
    } else {
      signal?.addEventListener("abort", onAbort, { once: true });
    }
  });
}

function killGroup(system: System, pid: number | undefined): void {
  if (pid === undefined) {
    return;
  }
  try {
    system.kernel.kill(-pid, "SIGKILL");
  } catch (error) {
    if (errnoOf(error) !== "ESRCH") {
      throw error;
    }
  }
}

const NOT_JSON = Symbol("not JSON");

function parseOutput(stdout: string): unknown {
  if (stdout.trim() === "") {
    return undefined;
  }
  try {
    return JSON.parse(stdout);
  } catch {
    return NOT_JSON;
  }
}

interface ErrorObject {
  readonly code: number;
  readonly msg: string;
  readonly details?: unknown;
}

/** `{code, msg, details}`, which a plugin prints on stdout when it fails. */
function isErrorObject(value: unknown): value is ErrorObject {
  return (
    typeof value === "object" &&
    value !== null &&
    "code" in value &&
    typeof value.code === "number" &&
    "msg" in value &&
    typeof value.msg === "string"
  );
}

function reasonOf(ended: Ended, output: unknown): string {
  if (isErrorObject(output)) {
    const details =
      output.details === undefined || output.details === "" ? "" : `: ${output.details}`;
    return oneLine(`${output.msg}${details}`);
  }
  const said = oneLine(ended.stderr) || oneLine(ended.stdout);
  const how = ended.signal === undefined ? `exit code ${ended.exitCode}` : `signal ${ended.signal}`;
  return said === "" ? how : `${how}: ${said}`;
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, "; ");
}

function pluginError(call: PluginCall, reason: string, ended: Ended): ExecError {
  return new ExecError(`CNI plugin "${call.type}" failed (${call.command}): ${reason}`, {
    exitCode: ended.exitCode,
    signal: ended.signal,
    stderrTail: ended.stderr,
  });
}
