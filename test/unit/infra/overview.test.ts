// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { type NodeItem, type OverviewParts, overview } from "../../../infra/overview.ts";

const node = (ready: string): NodeItem => ({
  metadata: { name: "lab-controller-0" },
  status: {
    conditions: [
      { type: "MemoryPressure", status: "False" },
      { type: "Ready", status: ready },
    ],
    nodeInfo: { containerRuntimeVersion: "corefly://0.1.0", kubeletVersion: "v1.37.2" },
  },
});

const parts: OverviewParts = {
  stack: "dev",
  nodes: [node("True")],
  pods: ["Running", "Running", "Pending"].map((phase, index) => ({
    metadata: { name: `pod-${index}` },
    status: { phase },
  })),
  urls: { demo: "http://127.0.0.1:20002/" },
  times: ["Ready after 90.1 s", "kernel         12.0 s  ████"],
  report: ".state/stacks/dev/report.html",
  kubectl: ".state/bin/kubectl",
  kubeconfig: ".state/stacks/dev/kubeconfig",
};

describe("overview()", () => {
  it("is what `make up` ends with", () => {
    expect(overview(parts)).toBe(`
  node       lab-controller-0  Ready  v1.37.2  corefly://0.1.0
  pods       2 of 3 running in kube-system
  demo       http://127.0.0.1:20002/
  kubeconfig .state/stacks/dev/kubeconfig
  times      Ready after 90.1 s
             kernel         12.0 s  ████
  report     .state/stacks/dev/report.html

Next:
  .state/bin/kubectl --kubeconfig .state/stacks/dev/kubeconfig get pods --all-namespaces
  .state/bin/kubectl --kubeconfig .state/stacks/dev/kubeconfig logs deployment/caddy
  make down
`);
  });

  it("names the stack that is not the default one", () => {
    expect(overview({ ...parts, stack: "two" })).toMatch(/\n {2}make down STACK=two\n$/);
  });

  it.each(["False", "Unknown"])("says of a node whose Ready is %s that it is not", (status) => {
    expect(overview({ ...parts, nodes: [node(status)] })).toContain(
      "node       lab-controller-0  not ready  v1.37.2",
    );
  });

  it("says so of a node without conditions, and needs no addresses", () => {
    const young = { ...node("True"), status: { ...node("True").status, conditions: [] } };
    const text = overview({ ...parts, nodes: [young], pods: [], urls: {} });
    expect(text).toContain("not ready");
    expect(text).toContain("0 of 0 running");
    expect(text).not.toContain("http");
  });
});
