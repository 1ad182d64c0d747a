// SPDX-License-Identifier: Apache-2.0
// Asks a pod started by hand to end, or makes it.
import { PodStateError } from "../errors.ts";
import { errnoOf } from "../system/kernel.ts";
import type { System } from "../system/system.ts";
import { holdsLock, lockHolders, processesInside } from "./holders.ts";
import { POD_FILES, type Pod } from "./pod.ts";
import { isSameProcess, parentOf } from "./process.ts";
import { RecordReader } from "./record-reader.ts";
import type { ProcessIdentity } from "./sandbox-record.ts";

/**
 * Asks the app to end. Throws PodStateError when the pod does not run, its app is not known yet, or the app has ended and only
 * others are left, who were not meant to get the app's signals.
 */
export function terminatePod(system: System, pod: Pod): void {
  const app = findApp(system, pod);
  if (app !== undefined) {
    send(system, app, "SIGTERM");
    return;
  }
  const holders = lockHolders(system, pod);
  if (isRunning(pod)) {
    const others =
      holders.length === 0
        ? UNSEEN
        : `others still run: ${holders.join(", ")} (--force kills them)`;
    throw new PodStateError(
      `Cannot stop pod "${pod.uuid}": its first process has ended, ${others}`,
    );
  }
}

/**
 * Kills the app and every process that has its root, so that nobody is left to hold the lock; where the app has ended or
 * holds the lock itself (fly), all others that hold it too. Throws PodStateError when the pod does not run, its app is not known
 * yet, or nobody is found.
 */
export function killPod(system: System, pod: Pod): void {
  const app = findApp(system, pod);
  // crun, which holds the lock for its app, has to tidy up after it.
  const killsHolders = app === undefined || holdsLock(system, pod, app);
  const killed = new Set<number>();
  // Whom they have started since we looked is found by looking again.
  for (let round = 0; round < ROUNDS && isRunning(pod); round += 1) {
    const found = [
      ...(app === undefined ? [] : [app]),
      ...processesInside(system, pod),
      ...(killsHolders ? lockHolders(system, pod) : []),
    ];
    const fresh = new Set(found.filter((pid) => !killed.has(pid)));
    if (fresh.size === 0) {
      break;
    }
    for (const pid of fresh) {
      send(system, pid, "SIGKILL");
      killed.add(pid);
    }
  }
  if (killed.size === 0 && isRunning(pod)) {
    throw new PodStateError(
      `Cannot kill pod "${pod.uuid}": its first process has ended, ${UNSEEN}`,
    );
  }
}

/** More than any fork that was under way when its parent was killed needs. */
const ROUNDS = 20;

const UNSEEN = "who holds its lock is not in our /proc: end it where it runs";

/** Also false when a collector, who holds the lock as the app did, has taken it to the next phase. */
function isRunning(pod: Pod): boolean {
  return pod.isStillThere() && pod.state() === "running";
}

/** The app's pid; undefined when it has ended, whoever has that pid now. */
function findApp(system: System, pod: Pod): number | undefined {
  if (!isRunning(pod)) {
    throw new PodStateError(`pod "${pod.uuid}" is not running`);
  }
  const { files } = system;
  const pid = Number(files.findTextSync(pod.path(POD_FILES.pid))?.trim() ?? "");
  const path = pod.path(POD_FILES.started);
  const started = files.findTextSync(path) ?? "";
  if (!Number.isInteger(pid) || pid <= 0 || started.trim() === "") {
    throw new PodStateError(
      `Cannot stop pod "${pod.uuid}": it is starting, its process is not known yet`,
    );
  }
  const first = parseStarted(started, path);
  if (first.pid === pid) {
    return isSameProcess(system, first) ? pid : undefined;
  }
  // crun, which became or was started by that process, wrote its child's pid, and holds the lock.
  const parent = parentOf(system, pid);
  return parent !== undefined && holdsLock(system, pod, parent) ? pid : undefined;
}

function parseStarted(text: string, path: string): ProcessIdentity {
  const record = RecordReader.parse(text, path);
  return {
    bootId: record.text("bootId"),
    pid: record.integer("pid"),
    startTime: record.text("startTime"),
  };
}

function send(system: System, pid: number, signal: NodeJS.Signals): void {
  try {
    system.kernel.kill(pid, signal);
  } catch (cause) {
    if (errnoOf(cause) !== "ESRCH") {
      throw cause;
    }
  }
}
