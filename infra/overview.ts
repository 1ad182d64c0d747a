// SPDX-License-Identifier: Apache-2.0
// The lines that `make up` ends with, as text.

export interface NodeItem {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
    readonly nodeInfo: {
      readonly containerRuntimeVersion: string;
      readonly kubeletVersion: string;
    };
  };
}

export interface PodItem {
  readonly metadata: { readonly name: string };
  readonly status: { readonly phase: string };
}

export interface OverviewParts {
  readonly stack: string;
  readonly nodes: readonly NodeItem[];
  readonly pods: readonly PodItem[];
  readonly urls: Readonly<Record<string, string>>;
  /** What took how long until each node was ready; the first line says it in short. */
  readonly times: readonly string[];
  /** Path of the page that draws it. */
  readonly report: string;
  readonly kubectl: string;
  readonly kubeconfig: string;
}

/** Node, pods, addresses, the kubeconfig's path, what took how long and where that is drawn, and three next commands. */
export function overview(parts: OverviewParts): string {
  const running = parts.pods.filter(({ status }) => status.phase === "Running").length;
  const kubectl = `${parts.kubectl} --kubeconfig ${parts.kubeconfig}`;
  return [
    "",
    ...parts.nodes.map((node) => line("node", nodeState(node))),
    line("pods", `${running} of ${parts.pods.length} running in kube-system`),
    ...Object.entries(parts.urls).map(([name, url]) => line(name, url)),
    line("kubeconfig", parts.kubeconfig),
    ...parts.times.map((text, index) => line(index === 0 ? "times" : "", text)),
    line("report", parts.report),
    "",
    "Next:",
    `  ${kubectl} get pods --all-namespaces`,
    `  ${kubectl} logs deployment/caddy`,
    parts.stack === "dev" ? "  make down" : `  make down STACK=${parts.stack}`,
    "",
  ].join("\n");
}

function nodeState(node: NodeItem): string {
  const ready = node.status.conditions.find(({ type }) => type === "Ready")?.status === "True";
  const { kubeletVersion, containerRuntimeVersion } = node.status.nodeInfo;
  return `${node.metadata.name}  ${ready ? "Ready" : "not ready"}  ${kubeletVersion}  ${containerRuntimeVersion}`;
}

function line(name: string, value: string): string {
  return `  ${name.padEnd(11)}${value}`;
}
