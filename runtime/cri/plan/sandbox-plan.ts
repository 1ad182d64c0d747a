// SPDX-License-Identifier: Apache-2.0
// What RunPodSandbox is going to make, decided before anything is made: pure, and refuses what we cannot do.
import { InvalidManifestError, UnsupportedError, UsageError } from "../../errors.ts";
import {
  NamespaceMode,
  type PodSandboxConfig,
  type PodSandboxMetadata,
  type PortMapping,
  Protocol,
} from "../api-schema.ts";
import type { PortForward } from "../context.ts";

/** Runtime handlers of RuntimeClass that we answer to; "" is the default. */
export const RUNTIME_HANDLERS: readonly string[] = ["", "oci"];

export interface SandboxPlan {
  readonly metadata: PodSandboxMetadata;
  readonly hostNetwork: boolean;
  readonly hostIpc: boolean;
  /** The containers share one pid namespace, which needs a process of its own to live. */
  readonly sharedPid: boolean;
  readonly hostname: string;
  readonly ports: readonly PortForward[];
  readonly cgroupParent: string;
}

/** HOST_NAME_MAX */
const HOSTNAME_MAX = 64;

export function planSandbox(
  config: PodSandboxConfig,
  runtimeHandler: string,
  host: { readonly hostname: string },
): SandboxPlan {
  if (!RUNTIME_HANDLERS.includes(runtimeHandler)) {
    throw new UsageError(
      `Cannot run pod sandbox: no runtime handler "${runtimeHandler}", expected "" or "oci"`,
    );
  }
  const { metadata } = config;
  if (metadata === undefined || metadata.name === "" || metadata.uid === "") {
    throw new UsageError("Cannot run pod sandbox: its metadata has no name or no uid");
  }
  const options = config.linux?.securityContext?.namespaceOptions;
  if (options?.usernsOptions?.mode === NamespaceMode.POD) {
    throw new UnsupportedError(
      `Cannot run pod "${metadata.name}": user namespaces (hostUsers: false) are not supported`,
    );
  }
  const hostNetwork = options?.network === NamespaceMode.NODE;
  const hostname = config.hostname === "" || hostNetwork ? host.hostname : config.hostname;
  if (hostname.length > HOSTNAME_MAX) {
    throw new UsageError(
      `Cannot run pod "${metadata.name}": hostname "${hostname}" is longer than ${HOSTNAME_MAX} characters`,
    );
  }
  return {
    metadata,
    hostNetwork,
    hostIpc: options?.ipc === NamespaceMode.NODE,
    // "The CRI default is POD": the kubelet always says which, other clients need not.
    sharedPid: (options?.pid ?? NamespaceMode.POD) === NamespaceMode.POD,
    hostname,
    ports: hostNetwork ? [] : forwardedPorts(config.portMappings),
    cgroupParent: config.linux?.cgroupParent ?? "",
  };
}

/** Mappings that ask for a port of the host; the others only inform. */
export function forwardedPorts(mappings: readonly PortMapping[]): readonly PortForward[] {
  return mappings
    .filter(({ hostPort }) => hostPort !== 0)
    .map(({ protocol, containerPort, hostPort, hostIp }) => {
      for (const port of [containerPort, hostPort]) {
        if (port < 1 || port > 65535) {
          throw new UsageError(`Cannot forward port ${port}: expected 1 to 65535`);
        }
      }
      return { protocol: protocolName(protocol), containerPort, hostPort, hostIp };
    });
}

function protocolName(protocol: Protocol): PortForward["protocol"] {
  switch (protocol) {
    case Protocol.TCP:
      return "tcp";
    case Protocol.UDP:
      return "udp";
    case Protocol.SCTP:
      return "sctp";
    default:
      throw new InvalidManifestError(
        `Cannot forward a port of protocol ${String(protocol)}: expected TCP, UDP or SCTP`,
      );
  }
}
