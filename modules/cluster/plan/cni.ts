// SPDX-License-Identifier: Apache-2.0
// The pod network of a node: a bridge with the node's own pod range, host ports by portmap.

import { type Cidr, formatCidr } from "./cidr.ts";

/** A CNI network configuration list (CNI spec 1.0.0), masqueraded and mapped with nftables. */
export function bridgeNetwork(podRange: Cidr): string {
  const list = {
    cniVersion: "1.0.0",
    name: "cluster",
    plugins: [
      {
        type: "bridge",
        bridge: "cni0",
        isGateway: true,
        ipMasq: true,
        ipMasqBackend: "nftables",
        hairpinMode: true,
        ipam: {
          type: "host-local",
          ranges: [[{ subnet: formatCidr(podRange) }]],
          routes: [{ dst: "0.0.0.0/0" }],
          dataDir: "/run/corefly/cni",
        },
      },
      { type: "portmap", backend: "nftables", capabilities: { portMappings: true } },
    ],
  };
  return `${JSON.stringify(list, null, 2)}\n`;
}
