// SPDX-License-Identifier: Apache-2.0
// What went through the interfaces of a pod's network namespace, as the kernel counts it.
import type { System } from "../system/system.ts";
import { inNamespace } from "./in-namespace.ts";

export interface Traffic {
  readonly bytes: bigint;
  readonly packets: bigint;
  readonly errors: bigint;
  readonly dropped: bigint;
}

export interface InterfaceCounters {
  readonly name: string;
  readonly received: Traffic;
  readonly sent: Traffic;
}

/** All interfaces of the namespace but its loopback. */
export function readInterfaceCounters(
  system: System,
  netnsPath: string,
): readonly InterfaceCounters[] {
  // Not below /proc/self: that is the first thread, which may be another one than ours.
  const text = inNamespace(system, netnsPath, () =>
    system.files.readTextSync("/proc/thread-self/net/dev"),
  );
  return parseNetDev(text).filter(({ name }) => name !== "lo");
}

/** proc(5), /proc/net/dev: two lines of headings, then `name: 8 counters received 8 counters sent`. */
export function parseNetDev(text: string): readonly InterfaceCounters[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*([^:\s]+):((?:\s*\d+){16,})\s*$/.exec(line);
    const [, name = "", numbers = ""] = match ?? [];
    const counters = numbers.trim().split(/\s+/);
    return match === null
      ? []
      : [{ name, received: traffic(counters), sent: traffic(counters.slice(8)) }];
  });
}

function traffic([bytes = "0", packets = "0", errors = "0", dropped = "0"]: readonly string[]) {
  return {
    bytes: BigInt(bytes),
    packets: BigInt(packets),
    errors: BigInt(errors),
    dropped: BigInt(dropped),
  };
}
