// SPDX-License-Identifier: Apache-2.0
// What each phase of a start is, in a few words.

import type { PhaseName } from "./timeline.ts";

export const PHASE_WORDS: Readonly<Record<PhaseName, string>> = {
  firmware: "QEMU, until the kernel starts",
  kernel: "until Ignition begins in the initramfs",
  Ignition: "fetches and writes the node’s files",
  runtime: "the system starts and unpacks the runtime",
  images: "the kubelet’s image: fetched, verified, rendered",
  kubelet: "from the kubelet’s first word until it has started",
  "API server": "etcd and the API server, until it answers",
  Ready: "the node is Ready, addons are applied, pods run",
};
