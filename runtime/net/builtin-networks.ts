// SPDX-License-Identifier: Apache-2.0
// Networks that are there without configuration, for pods started by hand, and the one of a cluster node. All masquerade and
// map ports with nftables: CoreOS machines of today have no iptables.
import { type Network, networkOf } from "./network.ts";

/** Addresses end with their namespaces at a reboot, so their reservations are on a tmpfs and end with them. */
const IPAM_DATA_DIR = "/run/corefly/ipam";
const ORIGIN = "built in";

/**
 * rkt's two, with its address ranges: `default` reaches the world, `default-restricted` only the host. A network of the
 * same name in net.d takes their place.
 */
export function builtInNetworks(): readonly Network[] {
  return [
    pointToPoint("default", "172.16.28.0/24", true),
    pointToPoint("default-restricted", "172.31.0.0/16", false),
  ];
}

/** Configured networks, then the built-in ones whose name is still free. */
export function withBuiltIn(configured: readonly Network[]): readonly Network[] {
  const taken = new Set(configured.map(({ name }) => name));
  return [...configured, ...builtInNetworks().filter(({ name }) => !taken.has(name))];
}

/** The pod network of a node: a bridge, one address range of the node's for each family, host ports. */
export function bridgeNetwork(name: string, podCidrs: readonly string[]): Network {
  const routes = podCidrs.map((cidr) => ({ dst: cidr.includes(":") ? "::/0" : "0.0.0.0/0" }));
  return networkOf(
    {
      name,
      cniVersion: "1.0.0",
      plugins: [
        {
          type: "bridge",
          bridge: "cni0",
          isGateway: true,
          // Lets a pod reach itself through its own Service or host port.
          hairpinMode: true,
          ipMasq: true,
          ipMasqBackend: "nftables",
          ipam: {
            type: "host-local",
            dataDir: IPAM_DATA_DIR,
            ranges: podCidrs.map((subnet) => [{ subnet }]),
            routes,
          },
        },
        portmap(),
      ],
    },
    ORIGIN,
  );
}

function pointToPoint(name: string, subnet: string, reachesWorld: boolean): Network {
  return networkOf(
    {
      name,
      cniVersion: "1.0.0",
      plugins: [
        {
          type: "ptp",
          ...(reachesWorld ? { ipMasq: true, ipMasqBackend: "nftables" } : {}),
          ipam: {
            type: "host-local",
            dataDir: IPAM_DATA_DIR,
            ranges: [[{ subnet }]],
            routes: reachesWorld ? [{ dst: "0.0.0.0/0" }] : [],
          },
        },
        portmap(),
      ],
    },
    ORIGIN,
  );
}

function portmap(): Readonly<Record<string, unknown>> {
  return { type: "portmap", backend: "nftables", capabilities: { portMappings: true } };
}
