// SPDX-License-Identifier: Apache-2.0
// Gathers what the workstation knows of a node, and writes it, without secrets, into one file.

import { execFile } from "node:child_process";
import { stat, statfs, writeFile } from "node:fs/promises";
import { arch, cpus, freemem, release, totalmem } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { readRecord, runningDaemon } from "../../modules/provider/processes/daemon.ts";
import { VERSION } from "../../modules/provider/version.ts";
import { type Place, statePath } from "../engine/workspace.ts";
import { seenPhases } from "../report/plan/seen-phases.ts";
import { readTimeline } from "../report/read-timeline.ts";
import { lastPart, namesIn, textOf } from "./lines.ts";
import { bundleFiles } from "./plan/bundle.ts";
import type { NodeFiles } from "./stack-nodes.ts";

export interface SupportOptions {
  readonly place: Place;
  readonly stack: string;
  readonly node: NodeFiles;
  /** Where to; a name with the time in it otherwise, in this folder. */
  readonly output: string | undefined;
  readonly nowMs: number;
}

/** Of longer logs the end is taken. */
const MAX_LOG_BYTES = 16 << 20;

const execute = promisify(execFile);

/** Writes the bundle, readable by its owner only; answers its path. */
export async function writeSupportBundle(options: SupportOptions): Promise<string> {
  const { place, stack, node, nowMs } = options;
  const folder = join(place.stateDir, "stacks", stack);
  const files = bundleFiles({
    node: node.name,
    stack,
    atMs: nowMs,
    ignition: await textOf(node.ignition),
    journal: (await lastPart(node.journal, MAX_LOG_BYTES)).split("\n"),
    console: await lastPart(node.console, MAX_LOG_BYTES),
    qemuLog: await lastPart(node.output, MAX_LOG_BYTES),
    mirrors: await mirrorTexts(join(folder, "mirrors")),
    machine: await machineFacts(node),
    workstation: await workstationFacts(place.stateDir),
    timeline: await readTimeline(node, seenPhases(await textOf(statePath(place, stack)))),
    secrets: await stackSecrets(place, folder),
  });
  const name = `corefly-support-${node.name}-${stamp(nowMs)}`;
  const path = options.output ?? `${name}.tar.gz`;
  await writeFile(path, gzipSync(await archive(name, files, nowMs)), { mode: 0o600 });
  return path;
}

async function archive(
  folder: string,
  files: Readonly<Record<string, string>>,
  nowMs: number,
): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) {
    tar.entry({ name: `${folder}/${name}`, mode: 0o600, mtime: new Date(nowMs) }, content);
  }
  tar.finalize();
  return buffer(tar);
}

async function mirrorTexts(folder: string) {
  const names = await namesIn(folder);
  const texts = await Promise.all(
    names.map(
      async (name) =>
        [
          name,
          {
            log: await lastPart(join(folder, name, "requests.log"), MAX_LOG_BYTES),
            config: await textOf(join(folder, name, "config.json")),
          },
        ] as const,
    ),
  );
  return Object.fromEntries(texts);
}

async function machineFacts(node: NodeFiles): Promise<Readonly<Record<string, unknown>>> {
  const record = await readRecord(node.process);
  const names = await namesIn(node.path);
  const sizes = await Promise.all(
    names.map(async (name) => {
      const found = await stat(join(node.path, name)).catch(() => undefined);
      return [name, { sizeBytes: found?.size, onDiskBytes: (found?.blocks ?? 0) * 512 }] as const;
    }),
  );
  return {
    running: (await runningDaemon(node.process)) !== undefined,
    pid: record?.process.pid,
    startedAt: record === undefined ? undefined : new Date(record.startedAtMs).toISOString(),
    ports: record?.ports,
    files: Object.fromEntries(sizes),
  };
}

async function workstationFacts(stateDir: string): Promise<Readonly<Record<string, unknown>>> {
  const disk = await statfs(stateDir);
  return {
    corefly: VERSION,
    node: process.version,
    qemu: await firstLine("qemu-system-x86_64", ["--version"]),
    kernel: `${release()} ${arch()}`,
    os: /^PRETTY_NAME="?([^"\n]*)/m.exec(await textOf("/etc/os-release"))?.[1],
    cpus: cpus().length,
    memoryMiB: Math.round(totalmem() / (1 << 20)),
    freeMemoryMiB: Math.round(freemem() / (1 << 20)),
    freeDiskMiB: Math.round((disk.bavail * disk.bsize) / (1 << 20)),
    kvmDevice: (await stat("/dev/kvm").catch(() => undefined)) !== undefined,
  };
}

/** What a program says first; that it is missing is a fact too. */
async function firstLine(file: string, args: readonly string[]): Promise<string> {
  return execute(file, [...args]).then(
    ({ stdout }) => stdout.split("\n", 1)[0] ?? "",
    (error: Error) => error.message.split("\n", 1)[0] ?? "",
  );
}

/** The passphrase of the state, and the administrator's key. */
async function stackSecrets(place: Place, folder: string): Promise<readonly string[]> {
  const kubeconfig = await textOf(join(folder, "kubeconfig"));
  const keys = [...kubeconfig.matchAll(/client-key-data: (\S+)/g)].map(([, key = ""]) => key);
  const passphrase = (await textOf(join(place.stateDir, "passphrase"))).trim();
  return [passphrase, ...keys].filter((secret) => secret.length >= 8);
}

function stamp(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replaceAll(":", "").replace("T", "-");
}
