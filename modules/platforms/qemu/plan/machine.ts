// SPDX-License-Identifier: Apache-2.0
// From a machine to the arguments of QEMU. Files of the machine are named relative to its folder, in which QEMU runs.

import { JOURNAL_PORT } from "./node-units.ts";

export type Accelerator = "kvm" | "tcg";

/** A port of the workstation's loopback that leads to a port of the machine. */
export interface PortForward {
  readonly host: number;
  readonly guest: number;
}

/** A disk besides the root disk. */
export interface MachineDisk {
  readonly path: string;
  /** `/dev/disk/by-id/virtio-<serial>` in the guest. */
  readonly serial: string;
}

/** How the machine starts: a kernel that QEMU loads itself, or a boot loader on the root disk. */
export type MachineBoot =
  | { readonly kind: "kernel"; readonly rootLabel: string }
  | { readonly kind: "disk" };

export interface Machine {
  /** For the process list. */
  readonly name: string;
  readonly accelerator: Accelerator;
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly boot: MachineBoot;
  readonly disks: readonly MachineDisk[];
  readonly ports: readonly PortForward[];
}

/** Names of the files in a machine's folder. */
export const MACHINE_FILES = {
  root: "root.qcow2",
  base: "base.qcow2",
  kernel: "kernel",
  initrd: "initrd",
  ignition: "config.ign",
  console: "console.log",
  journal: "journal.jsonl",
  qmp: "qmp.sock",
  process: "process.json",
  boot: "boot.json",
  output: "qemu.log",
} as const;

/** Longest serial number that virtio-blk shows to the guest, in bytes. */
export const MAX_SERIAL_BYTES = 20;

/** Arguments of `qemu-system-x86_64`, to be run in the machine's folder. */
export function qemuArguments(machine: Machine): readonly string[] {
  return [
    ...["-name", `guest=${quoted(machine.name)}`],
    ...["-machine", "q35"],
    ...acceleration(machine.accelerator),
    ...["-smp", String(machine.cpus)],
    ...["-m", `${machine.memoryMiB}M`],
    ...["-nodefaults", "-no-user-config", "-display", "none"],
    ...boot(machine),
    ...["-fw_cfg", `name=opt/com.coreos/config,file=${MACHINE_FILES.ignition}`],
    ...disk("root", MACHINE_FILES.root, "qcow2", "root"),
    ...machine.disks.flatMap(({ path, serial }, index) =>
      disk(`disk${index}`, path, "raw", serial),
    ),
    ...network(machine.ports),
    ...["-device", "virtio-rng-pci"],
    ...["-chardev", `file,id=console,path=${MACHINE_FILES.console},append=on`],
    ...["-serial", "chardev:console"],
    ...["-device", "virtio-serial-pci"],
    ...["-chardev", `file,id=journal,path=${MACHINE_FILES.journal},append=on`],
    ...["-device", `virtserialport,chardev=journal,name=${JOURNAL_PORT}`],
    ...["-chardev", `socket,id=qmp,path=${MACHINE_FILES.qmp},server=on,wait=off`],
    ...["-mon", "chardev=qmp,mode=control"],
  ];
}

/** The CPU and accelerator; those that `kvmProbeArguments` tries. */
function acceleration(accelerator: Accelerator): readonly string[] {
  return accelerator === "kvm"
    ? ["-accel", "kvm", "-cpu", "host"]
    : ["-accel", "tcg,thread=multi,tb-size=1024", "-cpu", "max"];
}

/**
 * Nobody attacks an emulated CPU by its caches, and retpolines are dear there. Without idle ticks the kernel would rewrite code
 * that all processors are just running, which QEMU before 8.1 does not always notice: about one boot in a hundred hung.
 */
const EMULATED = ["mitigations=off", "nohz=off"];

// The initramfs finds out itself whether Ignition has run before: files.ts of the lab image.
function boot(machine: Machine): readonly string[] {
  if (machine.boot.kind === "disk") return [];
  const kernelArguments = [
    `root=LABEL=${machine.boot.rootLabel}`,
    "rw",
    "ignition.firstboot",
    "ignition.platform.id=qemu",
    "rd.neednet=1",
    "ip=dhcp",
    "console=ttyS0",
    "systemd.show_status=1",
    "panic=10",
    ...(machine.accelerator === "tcg" ? EMULATED : []),
  ];
  return [
    ...["-kernel", MACHINE_FILES.kernel],
    ...["-initrd", MACHINE_FILES.initrd],
    ...["-append", kernelArguments.join(" ")],
  ];
}

function disk(id: string, path: string, format: string, serial: string): readonly string[] {
  return [
    ...["-drive", `id=${id},if=none,format=${format},discard=unmap,file=${quoted(path)}`],
    ...["-device", `virtio-blk-pci,drive=${id},serial=${serial}`],
  ];
}

function network(ports: readonly PortForward[]): readonly string[] {
  const forwards = ports.map(({ host, guest }) => `,hostfwd=tcp:127.0.0.1:${host}-:${guest}`);
  return [
    ...["-netdev", `user,id=network${forwards.join("")}`],
    ...["-device", "virtio-net-pci,netdev=network,romfile="],
  ];
}

/** In QEMU's option lists a comma ends a value unless it is doubled. */
function quoted(value: string): string {
  return value.replaceAll(",", ",,");
}

/** Exit status of QEMU after the probe's boot sector ran. */
export const KVM_PROBE_STATUS = 85;

/** A boot sector that ends the machine with {@link KVM_PROBE_STATUS}: mov al, 42; out 0xf4, al; hlt. */
export function kvmProbeSector(): Uint8Array {
  const sector = new Uint8Array(512);
  sector.set([0xb0, 0x2a, 0xe6, 0xf4, 0xf4, 0xeb, 0xfd]);
  sector.set([0x55, 0xaa], 510);
  return sector;
}

/** Arguments that boot the sector in `image` under KVM: a device node alone does not prove that KVM works. */
export function kvmProbeArguments(image: string): readonly string[] {
  return [
    ...["-machine", "q35"],
    ...acceleration("kvm"),
    ...["-m", "16M", "-nodefaults", "-no-user-config", "-display", "none"],
    ...["-device", "isa-debug-exit,iobase=0xf4,iosize=1"],
    ...["-drive", `if=none,id=probe,format=raw,file=${quoted(image)}`],
    ...["-device", "virtio-blk-pci,drive=probe,bootindex=0"],
  ];
}

/** The serial number of a disk, from its file's name: `…/etcd.img` → `etcd`. */
export function serialOfDisk(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return name.replace(/\.img$/, "");
}
