// SPDX-License-Identifier: Apache-2.0
// `corefly status`: one pod in detail, line by line for scripts.
import { UsageError } from "../errors.ts";
import { Pods } from "../pod/pods.ts";
import { type PodView, viewPod } from "../pod/view.ts";
import { parseDuration } from "./duration.ts";
import { type FlagSpec, type ParsedFlags, parseFlags } from "./flags.ts";
import { FORMAT_FLAG, formatJson, jsonFormat, podJson } from "./json.ts";
import { formatNetworks, formatTime } from "./output.ts";
import { podWords, UUID_FILE_FLAG, UuidFileError, withUuidFileCode } from "./pod-arguments.ts";
import type { Verb, VerbContext } from "./verb.ts";

const POLL_MS = 100;

const FLAGS: readonly FlagSpec[] = [
  {
    name: "wait",
    kind: "optional",
    value: "DURATION",
    help: "Wait until the pod is over, at most this long",
  },
  {
    name: "wait-ready",
    kind: "optional",
    value: "DURATION",
    help: "Wait until the pod runs, at most this long",
  },
  UUID_FILE_FLAG,
  FORMAT_FLAG,
];

export const verb: Verb = {
  name: "status",
  summary: "Show a pod's state",
  usage: "[--wait[=DURATION]] [--format=json] UUID | --uuid-file=FILE",
  flags: FLAGS,
  run: (args, context) => withUuidFileCode(context, () => status(args, context)),
};

async function status(args: readonly string[], context: VerbContext): Promise<number> {
  const flags = parseFlags(FLAGS, args);
  const format = jsonFormat(flags);
  const words = await podToShow(flags, context);
  const [word = "", second] = words;
  if (second !== undefined) {
    throw new UsageError(`Cannot show ${words.length} pods: want one`);
  }
  const view = await waitFor(word, flags, context);
  context.out(format === undefined ? lines(view) : formatJson(podJson(view), format));
  return 0;
}

/** With --wait-ready also waits for the file, which a `run` that was started just now has yet to write. */
async function podToShow(flags: ParsedFlags, context: VerbContext): Promise<readonly string[]> {
  const { clock } = context.system;
  const end = clock.monotonic() + deadline(flags, "wait-ready");
  for (;;) {
    const isLastLook = flags.string("uuid-file") === undefined || clock.monotonic() >= end;
    try {
      const words = podWords(flags, context);
      // A file that is there but empty is being written.
      if (isLastLook || words[0] !== "") {
        return words;
      }
    } catch (error) {
      if (isLastLook || !(error instanceof UuidFileError)) {
        throw error;
      }
    }
    await clock.sleep(POLL_MS, { signal: context.signal });
  }
}

/** Looks until what was waited for has come, or the time is over; then the state is shown as it is. */
async function waitFor(word: string, flags: ParsedFlags, context: VerbContext): Promise<PodView> {
  const { system, globals, signal } = context;
  const pods = new Pods(system, globals.dataDir);
  const look = async () => {
    using pod = pods.get(word);
    return await viewPod(system, pod);
  };
  const [over, ready] = [deadline(flags, "wait"), deadline(flags, "wait-ready")];
  const start = system.clock.monotonic();
  for (;;) {
    const view = await look();
    const waited = system.clock.monotonic() - start;
    const wantsMore =
      (over > waited && !isOver(view)) || (ready > waited && !isReady(view) && !isOver(view));
    if (!wantsMore) {
      return view;
    }
    await system.clock.sleep(POLL_MS, { signal });
  }
}

/** Milliseconds; 0 without the flag or with `=false`, no end without a duration. */
function deadline(flags: ParsedFlags, name: string): number {
  if (!flags.has(name)) {
    return 0;
  }
  const value = flags.string(name);
  if (value === undefined || value === "true") {
    return Number.POSITIVE_INFINITY;
  }
  return value === "false" ? 0 : parseDuration(value, name);
}

/** A pod runs from when its lock is held; a single app is there once its networks are and somebody wrote its pid down. */
function isReady({ state, owner, pid }: PodView): boolean {
  return state === "running" && (owner === "kubelet" || pid !== undefined);
}

function isOver({ state }: PodView): boolean {
  return ["exited", "exited garbage", "deleting", "garbage", "aborted prepare"].includes(state);
}

/** rkt's lines in rkt's order; an app's code only when there is a record of it. */
function lines(pod: PodView): string {
  const text: string[] = [`state=${pod.state}`];
  if (pod.createdAtMs !== undefined) {
    text.push(`created=${formatTime(pod.createdAtMs)}`);
  }
  if (pod.startedAtMs !== undefined) {
    text.push(`started=${formatTime(pod.startedAtMs)}`);
  }
  if (pod.state === "running" || pod.state.startsWith("exited")) {
    text.push(`networks=${formatNetworks(pod.networks)}`);
  }
  if (!["preparing", "prepared", "aborted prepare"].includes(pod.state)) {
    if (pod.pid !== undefined) {
      text.push(`pid=${pod.pid}`);
    }
    text.push(`exited=${isOver(pod)}`);
    for (const app of pod.apps) {
      if (app.state === "exited" && app.exitCode !== undefined) {
        text.push(`app-${app.name}=${app.exitCode}`);
      }
    }
  }
  return text.map((line) => `${line}\n`).join("");
}
