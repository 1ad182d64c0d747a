// SPDX-License-Identifier: Apache-2.0
// critest against the CRI server of a test node: the registry with the stand-in images on the node's loopback, and what
// became of each spec.
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CriNode } from "../cri-node.ts";
import { startRegistry, writeRegistryConfig } from "../registry.ts";
import { endProcess } from "../server-process.ts";
import { waitFor } from "../wait-for.ts";
import { pushStandIns } from "./stand-ins.ts";

/** The names under which critest pulls. */
const MIRRORED = ["registry.k8s.io", "k8s.gcr.io", "gcr.io"];
const REGISTRY = "127.0.0.1:5000";

export interface SpecResult {
  /** All its headings, then its own text. */
  readonly name: string;
  readonly state: string;
  readonly message: string;
  readonly seconds: number;
}

/** A node with a server, the stand-in images within its reach, and critest. */
export class CritestNode {
  readonly node: CriNode;
  readonly #dir: string;
  readonly #registry: ChildProcess;
  readonly #programs: string;

  private constructor(node: CriNode, dir: string, registry: ChildProcess, programs: string) {
    this.node = node;
    this.#dir = dir;
    this.#registry = registry;
    this.#programs = programs;
  }

  /** `programs` is the folder of `critest` and `ginkgo`. */
  static async start(programs: string): Promise<CritestNode> {
    const dir = mkdtempSync(join(tmpdir(), "critest-"));
    mkdirSync(join(dir, "tmp"));
    // Filled where this process reaches it, then served where the node does.
    const filling = await startRegistry(dir);
    await pushStandIns(filling, dir);
    await filling.close();
    const node = await CriNode.start({
      config: {
        "registries.d/critest.json": JSON.stringify({
          rktKind: "registries",
          rktVersion: "v1",
          mirrors: MIRRORED.map((prefix) => ({ prefix, location: `http://${REGISTRY}` })),
        }),
      },
    });
    const registry = node.spawn("docker-registry", ["serve", writeRegistryConfig(dir, REGISTRY)]);
    await waitFor(async () =>
      node.run("ss", "--listening", "--tcp", "--numeric").includes(`${REGISTRY} `),
    );
    return new CritestNode(node, dir, registry, programs);
  }

  /** Runs the specs, `processes` at a time; answers what became of each. */
  async run(processes: number, ...flags: readonly string[]): Promise<readonly SpecResult[]> {
    const report = join(this.#dir, "report.json");
    const said = join(this.#dir, "critest.log");
    rmSync(report, { force: true });
    const command = [
      join(this.#programs, "critest"),
      `-runtime-endpoint=unix://${this.node.socket}`,
      // Not the machine's own /etc/crictl.yaml.
      `-config=${join(this.#dir, "none.yaml")}`,
      ...(processes > 1 ? [`-parallel=${processes}`] : []),
      `-ginkgo.json-report=${report}`,
      ...flags,
    ];
    const child = this.node.spawn(
      "sh",
      ["-c", 'said=$1; shift; exec "$@" >"$said" 2>&1', "sh", said, ...command],
      "ignore",
      { TMPDIR: join(this.#dir, "tmp"), PATH: `${this.#programs}:${process.env["PATH"]}` },
    );
    await new Promise((resolve) => child.once("exit", resolve));
    if (!existsSync(report)) {
      throw new Error(`critest left no report: ${readFileSync(said, "utf8").slice(-2000)}`);
    }
    return parseReport(readFileSync(report, "utf8"));
  }

  async remove(): Promise<void> {
    await endProcess(this.#registry, "SIGTERM");
    await this.node.remove();
    rmSync(this.#dir, { recursive: true });
  }
}

/** The specs out of Ginkgo's JSON report; benchmarks are none. */
export function parseReport(text: string): readonly SpecResult[] {
  const suites: readonly { readonly SpecReports: readonly Spec[] }[] = JSON.parse(text);
  return suites
    .flatMap(({ SpecReports }) => SpecReports)
    .filter(({ LeafNodeType }) => LeafNodeType === "It")
    .map((spec) => ({
      name: [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText].join(" "),
      state: spec.State,
      message: spec.Failure?.Message ?? "",
      seconds: spec.RunTime / 1e9,
    }))
    .filter(({ name }) => !name.includes("benchmark"));
}

interface Spec {
  readonly ContainerHierarchyTexts: readonly string[] | null;
  readonly LeafNodeType: string;
  readonly LeafNodeText: string;
  readonly State: string;
  readonly RunTime: number;
  readonly Failure?: { readonly Message: string };
}
