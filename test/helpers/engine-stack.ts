// SPDX-License-Identifier: Apache-2.0
// A stack of a small program in test/fixtures/programs, run by infra/engine as the Makefile does, with state of its own.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Ran, run } from "./program.ts";

const root = resolve(import.meta.dirname, "../..");

export interface EngineStackOptions {
  readonly name?: string;
  /** A folder that the test removes itself; default: one of this stack's own. */
  readonly stateDir?: string;
}

interface Deployment {
  readonly resources?: readonly { readonly type: string; readonly id?: string }[];
  readonly pending_operations?: readonly unknown[];
}

export class EngineStack {
  readonly name: string;
  readonly stateDir: string;
  readonly programDir: string;
  /** For every command, besides those of the command. */
  env: Readonly<Record<string, string>> = {};

  /** `program`: a folder of test/fixtures/programs, or any path. */
  constructor(program: string, options: EngineStackOptions = {}) {
    this.name = options.name ?? `test-${process.pid}`;
    this.stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), "corefly-engine-"));
    this.programDir = resolve(root, "test/fixtures/programs", program);
  }

  /** Path of Node and arguments of one command, for tests that must kill it. */
  command(command: string, args: readonly string[] = []): readonly [string, readonly string[]] {
    const main = join(root, "infra/engine/main.ts");
    const options = ["--stack", this.name, "--cwd", this.programDir];
    return [
      process.execPath,
      ["--disable-warning=ExperimentalWarning", main, command, ...options, "--", ...args],
    ];
  }

  environment(env: Readonly<Record<string, string>> = {}): Record<string, string> {
    return { ...this.env, COREFLY_STATE: this.stateDir, ...env };
  }

  /** Runs a command to its end, whatever that is. */
  async run(
    command: string,
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Ran> {
    const [file, all] = this.command(command, args);
    return await run(file, all, { env: this.environment(env) });
  }

  /** Runs a command that must succeed; gives all that it said. */
  async succeed(
    command: string,
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(command, args, env);
    if (exitCode !== 0) throw new Error(`${command} ended with ${exitCode}\n${stdout}\n${stderr}`);
    return stdout + stderr;
  }

  async outputs(): Promise<Readonly<Record<string, string>>> {
    const [file, all] = this.command("output", ["--json", "--show-secrets"]);
    const { stdout } = await run(file, all, { env: this.environment() });
    return JSON.parse(stdout);
  }

  /** The recorded resources as the backend has them. */
  resources(): readonly { readonly type: string; readonly id?: string }[] {
    return this.#deployment().resources ?? [];
  }

  /** What runs were about when the state was last written. */
  pendingOperations(): readonly unknown[] {
    return this.#deployment().pending_operations ?? [];
  }

  /** Every byte under the state folder. */
  stateText(): string {
    return readdirSync(this.stateDir, { recursive: true, encoding: "utf8" })
      .map((name) => join(this.stateDir, name))
      .filter((path) => statSync(path).isFile())
      .map((path) => readFileSync(path, "latin1"))
      .join("\n");
  }

  remove(): void {
    rmSync(this.stateDir, { recursive: true, force: true });
    rmSync(join(this.programDir, `Pulumi.${this.name}.yaml`), { force: true });
  }

  #deployment(): Deployment {
    const stacks = join(this.stateDir, "pulumi/.pulumi/stacks");
    const [project = ""] = readdirSync(stacks);
    const text = readFileSync(join(stacks, project, `${this.name}.json`), "utf8");
    return JSON.parse(text).checkpoint.latest ?? {};
  }
}
