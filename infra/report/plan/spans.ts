// SPDX-License-Identifier: Apache-2.0
// Finds in a node's journal what took how long: units that were being started, what Ignition fetched and wrote, the
// kubelet's image, pods. Pure.

import type { JournalEntry } from "../../../modules/platforms/qemu/plan/journal.ts";

/** Something that took a time. Times are milliseconds after the kernel started. */
export interface Span {
  readonly kind: "unit" | "step" | "pod";
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** What was seen so far in this boot. */
export interface SpanWatch {
  readonly bootId: string;
  /** When something began, by its name; what has not ended is no span yet. */
  readonly open: Map<string, number>;
  readonly closed: Span[];
}

export const NO_SPANS: SpanWatch = { bootId: "", open: new Map(), closed: [] };

/** systemd's words when it begins with a unit, and when the unit is there or is not. */
const BEGINS = /^(Starting|Mounting) /;
const ENDS = /^(Started|Finished|Mounted|Failed to start|Failed to mount) /;

/** Ignition's words around each operation: `files: createFiles: op(3): [started]  writing file "/sysroot/etc/x"`. */
const OPERATION = /\bop\(([0-9a-f]+)\): +\[(started|finished|failed)\] +(.*)$/;

/** The kubelet's word when a pod runs for the first time; it may come late, or after the last line that is looked at. */
const POD_OBSERVED = /"Observed pod startup duration" pod="([^"]+)"/;

/** The CRI server's words. */
const POD_RUNS = /^Pod runs pod=(\S+)/;
const CONTAINER_RUNS = /^Container runs pod=(\S+)/;

/** `corefly run` says what it fetches; when the program that it becomes speaks, the image was there. */
const FETCHES = /^image: fetching "(?:[^"]*\/)?([^"/]+)"/;
const KLOG = /^[IWEF]\d{4} \d\d:\d\d:\d\d/;

/** Takes an entry in; one of another boot starts anew. The watch is changed in place: journals are long. */
export function spansAfter(watch: SpanWatch, entry: JournalEntry): SpanWatch {
  const known =
    entry.bootId === watch.bootId
      ? watch
      : { bootId: entry.bootId, open: new Map<string, number>(), closed: [] };
  if (entry.fromManager) takeUnit(known, entry);
  else if (entry.identifier === "ignition") takeOperation(known, entry);
  else if (entry.unit === "kubelet.service") takeKubelet(known, entry);
  else if (entry.unit === "corefly-cri.service") takeRuntime(known, entry);
  return known;
}

/** What has ended, in the order of their ends. */
export function spansOf(watch: SpanWatch): readonly Span[] {
  return watch.closed;
}

function takeUnit(watch: SpanWatch, { unit, message, sinceBootMs, jobResult }: JournalEntry): void {
  if (BEGINS.test(message)) {
    watch.open.set(unit, sinceBootMs);
  } else if (ENDS.test(message) || jobResult !== undefined) {
    close(watch, unit, { kind: "unit", name: unit, endMs: sinceBootMs });
  }
}

function takeOperation(watch: SpanWatch, { message, sinceBootMs }: JournalEntry): void {
  const [, operation, state, text = ""] = OPERATION.exec(message) ?? [];
  if (operation === undefined) return;
  const key = `ignition ${operation}`;
  if (state === "started") watch.open.set(key, sinceBootMs);
  else close(watch, key, { kind: "step", name: operationName(text), endMs: sinceBootMs });
}

/** As the config names it: on the way to its disk the machine's root is mounted at /sysroot. */
function operationName(text: string): string {
  return text
    .replaceAll("/sysroot/", "/")
    .replace(/^writing file /, "file ")
    .replaceAll('"', "");
}

function takeKubelet(watch: SpanWatch, entry: JournalEntry): void {
  const { message, sinceBootMs } = entry;
  const [, image] = FETCHES.exec(message) ?? [];
  if (image !== undefined) watch.open.set(`image ${image}`, sinceBootMs);
  if (!KLOG.test(message)) return;
  for (const key of watch.open.keys()) {
    if (key.startsWith("image "))
      close(watch, key, { kind: "step", name: key, endMs: sinceBootMs });
  }
  takeObserved(watch, entry);
}

/** What the kubelet observed counts from when the pod was made, and so replaces what the CRI server's words gave. */
function takeObserved(watch: SpanWatch, entry: JournalEntry): void {
  const [, pod] = POD_OBSERVED.exec(entry.message) ?? [];
  if (pod === undefined) return;
  const sinceBoot = (field: string): number | undefined => {
    const atMs = wallTime(entry.message, field);
    return atMs === undefined ? undefined : entry.sinceBootMs - (entry.timeMs - atMs);
  };
  const startMs = sinceBoot("podCreationTimestamp");
  const endMs = sinceBoot("watchObservedRunningTime") ?? sinceBoot("observedRunningTime");
  if (startMs === undefined || endMs === undefined || endMs < startMs) return;
  // A pod that the API server knew from an earlier boot was not made in this one.
  if (startMs < 0) return;
  const name = podName(pod);
  const index = watch.closed.findIndex((span) => span.kind === "pod" && span.name === name);
  // A static pod runs before the API server is told of it.
  if ((watch.closed[index]?.startMs ?? Number.POSITIVE_INFINITY) < startMs) return;
  if (index >= 0) watch.closed.splice(index, 1);
  watch.closed.push({ kind: "pod", name, startMs, endMs });
}

/** From when a pod's network is there until its first container runs. */
function takeRuntime(watch: SpanWatch, { message, sinceBootMs }: JournalEntry): void {
  const [, made] = POD_RUNS.exec(message) ?? [];
  if (made !== undefined) watch.open.set(podName(made), sinceBootMs);
  const [, runs] = CONTAINER_RUNS.exec(message) ?? [];
  if (runs === undefined) return;
  close(watch, podName(runs), { kind: "pod", name: podName(runs), endMs: sinceBootMs });
}

function podName(pod: string): string {
  return `pod ${pod.replace(/^kube-system\//, "")}`;
}

/** `name="2026-11-25 01:20:00.5 +0000 UTC m=+3.2"`, Go's way of writing a time. */
function wallTime(message: string, name: string): number | undefined {
  const pattern = new RegExp(
    `\\b${name}="(\\d{4}-\\d\\d-\\d\\d) (\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,9})?) \\+0000 UTC`,
  );
  const [, day, time] = pattern.exec(message) ?? [];
  if (day === undefined || time === undefined || day === "0001-01-01") return undefined;
  const ms = Date.parse(`${day}T${time.replace(/(\.\d{3})\d*$/, "$1")}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

function close(watch: SpanWatch, key: string, span: Omit<Span, "startMs">): void {
  const startMs = watch.open.get(key);
  if (startMs === undefined) return;
  watch.open.delete(key);
  watch.closed.push({ ...span, startMs });
}
