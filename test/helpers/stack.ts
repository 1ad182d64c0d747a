// SPDX-License-Identifier: Apache-2.0
// A stack for tests: state in a folder of its own, the user's stacks are never touched.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Ran, run, succeed } from "./program.ts";

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

  /** The stack's outputs, secrets included. */
  async outputs(): Promise<Readonly<Record<string, unknown>>> {
    const { stdout } = await this.succeed("output", ["--json", "--show-secrets"]);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  async writeKubeconfig(): Promise<string> {
    const path = join(this.stateDir, "kubeconfig");
    const { kubeconfig } = await this.outputs();
    await writeFile(path, String(kubeconfig), { mode: 0o600 });
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
