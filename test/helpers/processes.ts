// SPDX-License-Identifier: Apache-2.0
// Who runs on this machine, by /proc.
import { readdir, readFile, readlink } from "node:fs/promises";

interface Process {
  readonly pid: number;
  readonly command: string;
  readonly cwd: string;
  readonly environment: string;
}

/** Processes whose command line or working directory is in the folder and whose command line contains `program`, this one aside. */
export async function processesOf(folder: string, program: string): Promise<readonly number[]> {
  return (await processes())
    .filter(({ command, cwd }) => command.includes(folder) || cwd.startsWith(folder))
    .filter(({ command }) => command.includes(program))
    .map(({ pid }) => pid);
}

/** Language hosts and providers of runs with this state folder. */
export async function engineProcesses(stateDir: string): Promise<readonly number[]> {
  return (await processes())
    .filter(({ environment }) => environment.includes(`COREFLY_STATE=${stateDir}\0`))
    .filter(({ command }) => /(?:language-host|modules\/provider)\/main\.ts/.test(command))
    .map(({ pid }) => pid);
}

/** Children of a process. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}

async function processes(): Promise<readonly Process[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  return await Promise.all(pids.filter((pid) => pid !== process.pid).map(describeProcess));
}

/** What has ended meanwhile has no command line. */
async function describeProcess(pid: number): Promise<Process> {
  const text = (name: string) => readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "");
  const [command, environment, cwd] = await Promise.all([
    text("cmdline"),
    text("environ"),
    readlink(`/proc/${pid}/cwd`).catch(() => ""),
  ]);
  return { pid, command, environment, cwd };
}
