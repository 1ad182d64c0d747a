// SPDX-License-Identifier: Apache-2.0
// The texts of /etc/resolv.conf and /etc/hosts that a user asked for.
import type { DnsRequest, HostsRequest } from "./request.ts";

/** resolv.conf(5); undefined unless servers or settings were given. */
export function resolvConfFile(dns: DnsRequest): string | undefined {
  if (dns.kind !== "servers") {
    return undefined;
  }
  return [
    ...(dns.domain === "" ? [] : [`domain ${dns.domain}`]),
    ...(dns.search.length === 0 ? [] : [`search ${dns.search.join(" ")}`]),
    ...dns.servers.map((server) => `nameserver ${server}`),
    ...(dns.options.length === 0 ? [] : [`options ${dns.options.join(" ")}`]),
  ]
    .map((line) => `${line}\n`)
    .join("");
}

/** hosts(5); undefined unless entries were given. */
export function hostsFile(hosts: HostsRequest): string | undefined {
  if (hosts.kind !== "entries") {
    return undefined;
  }
  const lines = ["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback"];
  return [...lines, ...hosts.entries.map(({ ip, name }) => `${ip}\t${name}`)]
    .map((line) => `${line}\n`)
    .join("");
}
