// SPDX-License-Identifier: Apache-2.0
// crun, conmon and a CNI plugin that are the real ones except when a test asks otherwise: programs in a folder, found before the
// host's.
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cniPluginDir } from "./cni-plugins.ts";

/** `silence` answers nothing for ever; `failure` says so and ends with status 1; `death` is SIGKILL at the start. */
export type Fault = "silence" | "failure" | "death";

export class FaultyPrograms {
  /** The CNI plugin `faulty` is the bridge plugin. */
  static readonly PLUGIN = "faulty";
  readonly dir: string = mkdtempSync(join(tmpdir(), "faulty-"));

  constructor() {
    this.#write("crun", "/usr/bin/crun", `for verb; do case $verb in ${VERBS}) break;; esac; done`);
    this.#write("conmon", "/usr/bin/conmon", "verb=run");
    this.#write(FaultyPrograms.PLUGIN, join(cniPluginDir(), "bridge"), "verb=$CNI_COMMAND");
  }

  /** The next times that the program is called for this: crun's verb, ADD or DEL of the plugin, `run` of conmon. */
  next(program: "crun" | "conmon" | "faulty", verb: string, ...faults: readonly Fault[]): void {
    writeFileSync(join(this.dir, `${program}.${verb}`), faults.map((each) => `${each}\n`).join(""));
  }

  /** Whether the fault that was asked for has happened. */
  hasHappened(program: string, verb: string): boolean {
    return !existsSync(join(this.dir, `${program}.${verb}`));
  }

  remove(): void {
    rmSync(this.dir, { recursive: true });
  }

  /** Faults that were asked for and did not happen. */
  get pending(): readonly string[] {
    return readdirSync(this.dir).filter((name) => /^\w+\.\w+$/.test(name));
  }

  #write(name: string, real: string, findVerb: string): void {
    const path = join(this.dir, name);
    writeFileSync(
      path,
      `#!/bin/sh
${findVerb}
asked="${this.dir}/${name}.$verb"
if mv "$asked" "$asked.$$" 2>/dev/null; then
  read -r fault <"$asked.$$"
  sed -i 1d "$asked.$$"
  if [ -s "$asked.$$" ]; then mv "$asked.$$" "$asked"; else rm "$asked.$$"; fi
  case $fault in
  silence) exec sleep 1000 ;;
  failure) echo "${name} is out of order" >&2; exit 1 ;;
  death) kill -9 $$ ;;
  esac
fi
exec ${real} "$@"
`,
    );
    chmodSync(path, 0o755);
  }
}

const VERBS = "create|start|exec|kill|delete|state|run|update";
