// SPDX-License-Identifier: Apache-2.0
// A stack for tests: state in a folder of its own, the user's stacks are never touched.
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { childrenOf, engineProcesses } from "./processes.ts";
import { type Ran, run, succeed } from "./program.ts";
import { waitFor } from "./wait-for.ts";

const root = resolve(import.meta.dirname, "../..");
const node = process.execPath;

export type EngineCommand = "up" | "preview" | "refresh" | "destroy" | "output";

/** One stack of one program. */
export class TestStack {
  readonly program: string;
  readonly name: string;
  readonly stateDir: string;

  private constructor(program: string, name: string, stateDir: string) {
    this.program = program;
    this.name = name;
    this.stateDir = stateDir;
  }

  /** `program` is a folder with a Pulumi.yaml, from the repository's top. */
  static async create(program: string, name: string): Promise<TestStack> {
    return new TestStack(program, name, await mkdtemp(join(tmpdir(), "corefly-stack-")));
  }

  /** Runs a command of the engine; `echo` shows what it says while it runs. */
  run(command: EngineCommand, args: readonly string[] = [], echo?: string): Promise<Ran> {
    return run(node, this.#command(command, args), this.#options(echo));
  }

  succeed(command: EngineCommand, args: readonly string[] = [], echo?: string): Promise<Ran> {
    return succeed(node, this.#command(command, args), this.#options(echo));
  }

  /**
   * Starts a command and kills it `afterMs` after `when` is true, without a chance to clean up: the command, and the Pulumi
   * that it runs. Resolves when nothing that worked for them is left; machines and mirrors go on.
   */
  async kill(
    command: EngineCommand,
    { when, afterMs }: { when: () => Promise<boolean>; afterMs: number },
  ): Promise<void> {
    const { env } = this.#options(undefined);
    const child = spawn(node, [...this.#command(command, [])], {
      env: { ...process.env, NODE_OPTIONS: "", ...env },
      stdio: "ignore",
    });
    await waitFor(when, 120_000);
    await sleep(afterMs);
    if (child.exitCode !== null) throw new Error(`${command} ended by itself before it was killed`);
    const pulumi = await childrenOf(child.pid ?? 0);
    child.kill("SIGKILL");
    for (const pid of pulumi) process.kill(pid, "SIGKILL");
    await waitFor(async () => (await engineProcesses(this.stateDir)).length === 0, 20_000);
  }

  /** The stack's outputs, secrets included. */
  async outputs(): Promise<Readonly<Record<string, unknown>>> {
    const { stdout } = await this.succeed("output", ["--json", "--show-secrets"]);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  async writeKubeconfig(): Promise<string> {
    const { kubeconfig } = await this.outputs();
    return await this.writeFile("kubeconfig", String(kubeconfig));
  }

  /** A file of the test beside the state; answers its path. */
  async writeFile(name: string, text: string): Promise<string> {
    const path = join(this.stateDir, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  }

  /** Its state, and the settings that the engine keeps beside the program. */
  async remove(): Promise<void> {
    await rm(join(root, this.program, `Pulumi.${this.name}.yaml`), { force: true });
    await rm(this.stateDir, { recursive: true, force: true });
  }

  #command(command: EngineCommand, args: readonly string[]): readonly string[] {
    return [
      "--disable-warning=ExperimentalWarning",
      join(root, "infra/engine/main.ts"),
      command,
      "--stack",
      this.name,
      "--cwd",
      join(root, this.program),
      ...(args.length > 0 ? ["--", ...args] : []),
    ];
  }

  #options(echo: string | undefined): { env: Record<string, string>; echo?: string } {
    return {
      env: { COREFLY_STATE: this.stateDir },
      ...(echo === undefined ? {} : { echo }),
    };
  }
}
