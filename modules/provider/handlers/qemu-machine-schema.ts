// SPDX-License-Identifier: Apache-2.0
// The properties of QemuMachine.

import type { ResourceSchema } from "../resource-schema.ts";

export const schema: ResourceSchema = {
  description: "A virtual machine on the workstation, configured by Ignition at its first boot.",
  // Two machines cannot have the same ports and disks.
  deleteBeforeReplace: true,
  stables: ["consolePath", "journalPath", "boot", "rootLabel"],
  inputs: {
    image: {
      type: "object",
      required: true,
      replaces: true,
      description: "What it boots: one of lab and sha512.",
      properties: {
        lab: {
          type: "string",
          pattern: /[0-9a-f]{64}/,
          patternHint: "the recipe of a LabImage",
          description: "The lab image, by the recipe of a LabImage.",
        },
        sha512: {
          type: "string",
          pattern: /[0-9a-f]{128}/,
          patternHint: "128 hexadecimal digits",
          description: "A disk image in the cache.",
        },
      },
    },
    ignition: {
      type: "string",
      required: true,
      replaces: true,
      secret: true,
      description: "The Ignition config, as JSON text.",
    },
    contents: {
      type: "object",
      description: "Digests of what the config has in it: shown where they change, instead of it.",
      properties: {
        config: {
          type: "map",
          items: { type: "string", description: "A digest." },
          description: "Of its parts, by name: `file /etc/motd`.",
        },
        keys: {
          type: "map",
          items: { type: "string", description: "A digest." },
          description: "Of keys and certificates in it.",
        },
      },
    },
    memoryMiB: { type: "integer", default: 2048, minimum: 256, description: "Memory in MiB." },
    cpus: { type: "integer", default: 2, minimum: 1, maximum: 64, description: "Processors." },
    disks: {
      type: "array",
      items: { type: "string", description: "Path of a Disk." },
      description: "Disks that outlive the machine; /dev/disk/by-id/virtio-<label> in it.",
    },
    ports: {
      type: "array",
      description: "Ports of the workstation's loopback that lead to the machine.",
      items: {
        type: "object",
        description: "A port.",
        properties: {
          host: port("Port of 127.0.0.1 on the workstation."),
          guest: port("Port of the machine."),
          name: { type: "string", description: "What messages call it." },
        },
      },
    },
  },
  outputs: {
    consolePath: { type: "string", description: "What the machine says on its console." },
    journalPath: { type: "string", description: "The machine's journal, one JSON object a line." },
    pid: { type: "integer", description: "Process of QEMU." },
    startedAt: { type: "string", description: "When that process was started." },
    accelerator: { type: "string", description: "kvm, or tcg: emulation." },
    running: { type: "boolean", description: "Whether it ran at the last look." },
    configured: { type: "boolean", description: "Whether Ignition has run to its end." },
    boot: { type: "string", description: "kernel: QEMU loads the kernel; disk: a boot loader." },
    rootLabel: { type: "string", description: "Label of the root filesystem." },
  },
};

function port(description: string) {
  return { type: "integer", required: true, minimum: 1, maximum: 65_535, description } as const;
}
