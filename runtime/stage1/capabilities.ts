// SPDX-License-Identifier: Apache-2.0
// Linux capabilities: their names, the default set, and the five sets of a process out of "add this, drop that".
import { UsageError } from "../errors.ts";

/** Every capability in the order of its number (include/uapi/linux/capability.h), so the index is the bit. */
export const CAPABILITY_NAMES = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_DAC_READ_SEARCH",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETPCAP",
  "CAP_LINUX_IMMUTABLE",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_BROADCAST",
  "CAP_NET_ADMIN",
  "CAP_NET_RAW",
  "CAP_IPC_LOCK",
  "CAP_IPC_OWNER",
  "CAP_SYS_MODULE",
  "CAP_SYS_RAWIO",
  "CAP_SYS_CHROOT",
  "CAP_SYS_PTRACE",
  "CAP_SYS_PACCT",
  "CAP_SYS_ADMIN",
  "CAP_SYS_BOOT",
  "CAP_SYS_NICE",
  "CAP_SYS_RESOURCE",
  "CAP_SYS_TIME",
  "CAP_SYS_TTY_CONFIG",
  "CAP_MKNOD",
  "CAP_LEASE",
  "CAP_AUDIT_WRITE",
  "CAP_AUDIT_CONTROL",
  "CAP_SETFCAP",
  "CAP_MAC_OVERRIDE",
  "CAP_MAC_ADMIN",
  "CAP_SYSLOG",
  "CAP_WAKE_ALARM",
  "CAP_BLOCK_SUSPEND",
  "CAP_AUDIT_READ",
  "CAP_PERFMON",
  "CAP_BPF",
  "CAP_CHECKPOINT_RESTORE",
] as const;

/** What an app keeps when nothing is said: rkt's fourteen, which are also Docker's and containerd's. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  "CAP_AUDIT_WRITE",
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FSETID",
  "CAP_FOWNER",
  "CAP_KILL",
  "CAP_MKNOD",
  "CAP_NET_RAW",
  "CAP_NET_BIND_SERVICE",
  "CAP_SETUID",
  "CAP_SETGID",
  "CAP_SETPCAP",
  "CAP_SETFCAP",
  "CAP_SYS_CHROOT",
];

/** The five sets of capabilities(7), each sorted by number. */
export interface CapabilitySets {
  readonly bounding: readonly string[];
  readonly effective: readonly string[];
  readonly permitted: readonly string[];
  readonly inheritable: readonly string[];
  readonly ambient: readonly string[];
}

/** Names are taken with or without CAP_, in any case; "ALL" stands for every capability. */
export interface CapabilityRules {
  readonly base: readonly string[];
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly ambient: readonly string[];
  readonly uid: number;
}

/**
 * Applies the rules as CRI means them: `ALL` first, then single names, so that "drop ALL, add X" leaves X and
 * "add ALL, drop X" leaves all but X; of two ALLs the drop wins. A user other than root ends with an empty effective set unless a capability is
 * ambient. Nothing is inheritable except what is ambient, which the kernel demands (CVE-2022-24769).
 */
export function planCapabilities(rules: CapabilityRules): CapabilitySets {
  const add = expand(rules.add);
  const drop = expand(rules.drop);
  const bounding = new Set(drop.all ? [] : add.all ? CAPABILITY_NAMES : expand(rules.base).names);
  const ambient = expand(rules.ambient).names;
  for (const name of [...add.single, ...ambient]) {
    bounding.add(name);
  }
  for (const name of drop.single) {
    bounding.delete(name);
  }
  const bounded = sorted(bounding);
  const raised = sorted(ambient.filter((name) => bounding.has(name)));
  const held = rules.uid === 0 ? bounded : raised;
  return {
    bounding: bounded,
    effective: held,
    permitted: held,
    inheritable: raised,
    ambient: raised,
  };
}

/** Takes away what the host cannot give, from every set. */
export function limitCapabilities(
  sets: CapabilitySets,
  available: readonly string[],
): CapabilitySets {
  const keep = (names: readonly string[]) => names.filter((name) => available.includes(name));
  return {
    bounding: keep(sets.bounding),
    effective: keep(sets.effective),
    permitted: keep(sets.permitted),
    inheritable: keep(sets.inheritable),
    ambient: keep(sets.ambient),
  };
}

/** Names in a mask as /proc/<pid>/status prints it ("000001fffeffffff"). */
export function capabilitiesOfMask(hexMask: string): readonly string[] {
  const mask = BigInt(`0x${hexMask.trim()}`);
  return CAPABILITY_NAMES.filter((_, bit) => ((mask >> BigInt(bit)) & 1n) === 1n);
}

/** `net_admin`, `NET_ADMIN`, `CAP_NET_ADMIN` → `CAP_NET_ADMIN`; throws UsageError for a name that does not exist. */
export function parseCapability(name: string): string {
  const upper = name.toUpperCase();
  const full = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
  const known = CAPABILITY_NAMES.find((candidate) => candidate === full);
  if (known === undefined) {
    throw new UsageError(`Cannot use capability "${name}": the kernel has none of that name`);
  }
  return known;
}

interface Expanded {
  readonly all: boolean;
  readonly single: readonly string[];
  readonly names: readonly string[];
}

function expand(names: readonly string[]): Expanded {
  const isAll = (name: string) => /^(CAP_)?ALL$/i.test(name);
  const all = names.some(isAll);
  const single = names.filter((name) => !isAll(name)).map(parseCapability);
  return { all, single, names: all ? CAPABILITY_NAMES : single };
}

function sorted(names: Iterable<string>): readonly string[] {
  const wanted = new Set(names);
  return CAPABILITY_NAMES.filter((name) => wanted.has(name));
}
