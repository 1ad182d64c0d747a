// SPDX-License-Identifier: Apache-2.0
// kubectl of the multi-call binary, against one cluster.
import { mkdtemp, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { succeed } from "./program.ts";

export type Kubectl = (...args: readonly string[]) => Promise<string>;

/** A function that runs kubectl and returns what it printed. */
export async function kubectl(kubeconfig: string): Promise<Kubectl> {
  const command = await kubectlCommand(kubeconfig);
  return async (...args) => {
    const [file, ...all] = [...command, ...args];
    return (await succeed(file, all)).stdout;
  };
}

/** The program and its options for one cluster. */
export async function kubectlCommand(
  kubeconfig: string,
): Promise<readonly [string, ...(readonly string[])]> {
  const main = resolve(import.meta.dirname, "../../modules/provider/build/main.ts");
  const { stdout } = await succeed(process.execPath, [
    "--disable-warning=ExperimentalWarning",
    main,
    "obtain",
    "kubernetes",
  ]);
  const artifacts = JSON.parse(stdout) as Record<string, { path: string }>;
  const program = join(await mkdtemp(join(tmpdir(), "corefly-kubectl-")), "kubectl");
  await symlink(artifacts["kubernetes"]?.path ?? "", program);
  return [program, `--kubeconfig=${kubeconfig}`, "--request-timeout=30s"];
}

/** Asks again until `done` says yes; throws with the last answer when `seconds` are over. */
export async function eventually<T>(
  what: string,
  seconds: number,
  ask: () => Promise<T>,
  done: (answer: T) => boolean,
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    let last: unknown;
    try {
      const answer = await ask();
      if (done(answer)) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) {
      const text = last instanceof Error ? last.message : JSON.stringify(last);
      throw new Error(`Not within ${seconds} s: ${what}; last answer: ${text}`);
    }
    await new Promise((resume) => setTimeout(resume, 2000));
  }
}
