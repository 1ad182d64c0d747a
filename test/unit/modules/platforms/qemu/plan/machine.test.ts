// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import {
  kvmProbeArguments,
  kvmProbeSector,
  type Machine,
  qemuArguments,
  serialOfDisk,
} from "../../../../../../modules/platforms/qemu/plan/machine.ts";

const machine: Machine = {
  name: "node-1",
  accelerator: "tcg",
  cpus: 2,
  memoryMiB: 4096,
  boot: { kind: "kernel", rootLabel: "corefly-root" },
  disks: [{ path: "/state/disks/a,b/etcd.img", serial: "etcd" }],
  ports: [
    { host: 20_001, guest: 6443 },
    { host: 20_002, guest: 30_080 },
  ],
};

/** Values of an option that may be given several times. */
function values(args: readonly string[], option: string): readonly string[] {
  return args.flatMap((arg, index) => (args[index - 1] === option ? [arg] : []));
}

describe("qemuArguments", () => {
  const args = qemuArguments(machine);

  it("forwards ports of the loopback only", () => {
    expect(values(args, "-netdev")).toEqual([
      "user,id=network,hostfwd=tcp:127.0.0.1:20001-:6443,hostfwd=tcp:127.0.0.1:20002-:30080",
    ]);
  });

  it("boots the kernel with a command line that asks for Ignition", () => {
    expect(values(args, "-kernel")).toEqual(["kernel"]);
    expect(values(args, "-append")).toEqual([
      "root=LABEL=corefly-root rw ignition.firstboot ignition.platform.id=qemu rd.neednet=1 ip=dhcp console=ttyS0 systemd.show_status=1 panic=10 mitigations=off nohz=off",
    ]);
    expect(values(args, "-fw_cfg")).toEqual(["name=opt/com.coreos/config,file=config.ign"]);
  });

  it("leaves the kernel to the boot loader of a disk image", () => {
    const plain = qemuArguments({ ...machine, boot: { kind: "disk" } });
    expect(plain).not.toContain("-kernel");
    expect(plain).not.toContain("-append");
  });

  it("doubles commas in paths, which would end the value otherwise", () => {
    expect(values(args, "-drive")).toEqual([
      "id=root,if=none,format=qcow2,discard=unmap,file=root.qcow2",
      "id=disk0,if=none,format=raw,discard=unmap,file=/state/disks/a,,b/etcd.img",
    ]);
    expect(values(args, "-device")).toContain("virtio-blk-pci,drive=disk0,serial=etcd");
  });

  it("keeps the CPU's protections under KVM", () => {
    const fast = qemuArguments({ ...machine, accelerator: "kvm" });
    expect(values(fast, "-accel")).toEqual(["kvm"]);
    expect(values(fast, "-append")[0]).not.toContain("mitigations=off");
  });

  it("appends the journal and the console to files, and listens for its power button", () => {
    expect(values(args, "-chardev")).toEqual([
      "file,id=console,path=console.log,append=on",
      "file,id=journal,path=journal.jsonl,append=on",
      "socket,id=qmp,path=qmp.sock,server=on,wait=off",
    ]);
  });
});

describe("kvmProbeArguments", () => {
  it("tries the machine and CPU that a real machine gets", () => {
    const real = qemuArguments({ ...machine, accelerator: "kvm" });
    const tried = kvmProbeArguments("/tmp/sector");
    for (const option of ["-machine", "-accel", "-cpu"]) {
      expect(values(tried, option)).toEqual(values(real, option));
    }
  });
});

describe("kvmProbeSector", () => {
  it("is a boot sector", () => {
    const sector = kvmProbeSector();
    expect(sector.length).toBe(512);
    expect([sector[510], sector[511]]).toEqual([0x55, 0xaa]);
  });
});

describe("serialOfDisk", () => {
  it("is the name of the file", () => {
    expect(serialOfDisk("/state/disks/node-1-etcd/etcd.img")).toBe("etcd");
    expect(serialOfDisk("data.raw")).toBe("data.raw");
  });
});
