// SPDX-License-Identifier: Apache-2.0
// What `make up` ends with: the node, the pods, the demo's address, what took how long, and what to do next.
//   node infra/show.ts [--stack STACK] [--cwd DIR]

import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { defaultCacheDir, hostArchitecture } from "../modules/provider/build/host.ts";
import { type ObtainOptions, obtainArtifacts } from "../modules/provider/build/obtain.ts";
import { capture } from "./capture.ts";
import { providePulumi } from "./engine/provide-pulumi.ts";
import { expectPulumi } from "./engine/run-pulumi.ts";
import { releaseSource } from "./engine/settings.ts";
import { openWorkspace } from "./engine/workspace.ts";
import { type NodeItem, overview, type PodItem } from "./overview.ts";
import { breakdown, headline } from "./report/plan/breakdown.ts";
import type { Timeline } from "./report/plan/timeline.ts";
import { writeReport } from "./report/write-report.ts";

const { values } = parseArgs({
  options: {
    stack: { type: "string", default: "dev" },
    cwd: { type: "string", default: "." },
  },
});

try {
  process.stdout.write(await show(values.stack, values.cwd));
} catch (error) {
  process.stderr.write(`corefly: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function show(stack: string, cwd: string): Promise<string> {
  const cacheDir = defaultCacheDir(process.env);
  const say = (message: string): void => void process.stderr.write(`corefly: ${message}\n`);
  const source = releaseSource(cwd, stack);
  const cli = await providePulumi({ environment: process.env, cacheDir, source, say });
  const workspace = openWorkspace({ projectDir: cwd, environment: process.env, cli });
  const outputs = parseOutputs(
    await expectPulumi(workspace, [
      "stack",
      "output",
      "--json",
      "--show-secrets",
      "--stack",
      stack,
    ]),
  );
  const kubeconfig = writeKubeconfig(workspace.stateDir, stack, outputs.kubeconfig);
  const kubectl = await linkKubectl(workspace.stateDir, { cacheDir, source, onProgress: say });
  const get = async (...query: readonly string[]): Promise<unknown> =>
    JSON.parse(
      await capture(kubectl, ["--kubeconfig", kubeconfig, "get", ...query, "--output=json"]),
    );
  const nodes = (await get("nodes")) as { items: readonly NodeItem[] };
  const pods = (await get("pods", "--namespace=kube-system")) as { items: readonly PodItem[] };
  const report = await writeReport(workspace, stack);
  return overview({
    stack,
    nodes: nodes.items,
    pods: pods.items,
    urls: outputs.urls,
    times: report.nodes.flatMap(({ timeline }) => timesOf(timeline, report.nodes.length)),
    report: relative(process.cwd(), report.path),
    kubectl: relative(process.cwd(), kubectl),
    kubeconfig: relative(process.cwd(), kubeconfig),
  });
}

function timesOf(timeline: Timeline, nodes: number): readonly string[] {
  const whose = nodes === 1 ? "" : `${timeline.node}: `;
  return [`${whose}${headline(timeline)}`, ...breakdown(timeline)];
}

interface Outputs {
  readonly kubeconfig: string;
  readonly urls: Readonly<Record<string, string>>;
}

function parseOutputs(text: string): Outputs {
  const value = JSON.parse(text) as Partial<Outputs>;
  if (typeof value.kubeconfig !== "string") {
    throw new Error('Cannot show the stack: it has no output "kubeconfig", expected one');
  }
  const { kubeconfig, urls = {} } = value;
  return { kubeconfig, urls };
}

function writeKubeconfig(stateDir: string, stack: string, text: string): string {
  const folder = join(stateDir, "stacks", stack);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "kubeconfig");
  writeFileSync(path, text, { mode: 0o600 });
  chmodSync(path, 0o600);
  return path;
}

/** The multi-call binary is kubectl by the name of a link. */
async function linkKubectl(
  stateDir: string,
  options: Pick<ObtainOptions, "cacheDir" | "source" | "onProgress">,
): Promise<string> {
  const { kubernetes } = await obtainArtifacts(["kubernetes"], {
    ...options,
    architecture: hostArchitecture(),
  });
  if (kubernetes === undefined) throw new Error('Cannot find artefact "kubernetes"');
  const link = join(stateDir, "bin", "kubectl");
  mkdirSync(join(stateDir, "bin"), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(kubernetes.path, link);
  return link;
}
