// SPDX-License-Identifier: Apache-2.0
// The small files that all containers of a pod see.
import type { DNSConfig } from "../api-schema.ts";

/** resolv.conf as the kubelet wants it, in the order it gave; without a wish the host's. */
export function resolvConf(dns: DNSConfig | undefined, hostFile: string): string {
  if (dns === undefined) {
    return hostFile;
  }
  const { servers, searches, options } = dns;
  if (servers.length === 0 && searches.length === 0 && options.length === 0) {
    return hostFile;
  }
  return [
    ...(searches.length === 0 ? [] : [`search ${searches.join(" ")}`]),
    ...servers.map((server) => `nameserver ${server}`),
    ...(options.length === 0 ? [] : [`options ${options.join(" ")}`]),
    "",
  ].join("\n");
}
