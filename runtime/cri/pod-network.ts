// SPDX-License-Identifier: Apache-2.0
// The pods' network: the first of the configured CNI networks, as every runtime takes it.
import { UnsupportedError } from "../errors.ts";
import { attach, detach, type NetHost } from "../net/attach.ts";
import { loadNetworks, type Network } from "../net/network.ts";
import type { SandboxRecord } from "../pod/sandbox-record.ts";
import type { System } from "../system/system.ts";
import type { PodNetwork, PortForward } from "./context.ts";

export function cniNetwork(system: System, host: NetHost, confDirs: readonly string[]): PodNetwork {
  const load = async (): Promise<Network | undefined> => (await loadNetworks(system, confDirs))[0];
  return {
    problem: async () => {
      try {
        const network = await load();
        return network === undefined ? noNetwork(confDirs) : missingPlugins(system, host, network);
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
    attach: async (pod, ports) => {
      const network = await load();
      if (network === undefined) {
        throw new UnsupportedError(`Cannot run pod "${pod.name}": ${noNetwork(confDirs)}`);
      }
      const result = await attach(
        system,
        host,
        { uuid: pod.uuid, netnsPath: pod.netnsPath, args: cniArguments(pod) },
        [{ network }],
        ports.map(portMapping),
      );
      return result.ips;
    },
    detach: (podUuid) => detach(system, host, podUuid),
  };
}

/** What plugins made for Kubernetes look for in CNI_ARGS. */
function cniArguments(pod: SandboxRecord): Readonly<Record<string, string>> {
  return {
    IgnoreUnknown: "1",
    K8S_POD_NAMESPACE: pod.namespace,
    K8S_POD_NAME: pod.name,
    K8S_POD_INFRA_CONTAINER_ID: pod.id,
    K8S_POD_UID: pod.podUid,
  };
}

function portMapping({ protocol, containerPort, hostPort, hostIp }: PortForward) {
  return { protocol, containerPort, hostPort, ...(hostIp === "" ? {} : { hostIP: hostIp }) };
}

function noNetwork(confDirs: readonly string[]): string {
  return `no network is configured in ${confDirs.join(" or ")}`;
}

function missingPlugins(system: System, host: NetHost, network: Network): string | undefined {
  const missing = network.plugins
    .map(({ type }) => type)
    .find((type) => system.exec.findProgram(type, host.pluginDirs) === undefined);
  return missing === undefined
    ? undefined
    : `plugin "${missing}" of network "${network.name}" is not in ${host.pluginDirs.join(" or ")}`;
}
