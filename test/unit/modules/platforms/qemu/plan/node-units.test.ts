// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import {
  diskDevice,
  etcdDevice,
  JOURNAL_UNIT,
} from "../../../../../../modules/platforms/qemu/plan/node-units.ts";

describe("JOURNAL_UNIT", () => {
  it("waits for the port under systemd's name for it", () => {
    expect(JOURNAL_UNIT).toContain("BindsTo=dev-virtio\\x2dports-org.corefly.journal.0.device\n");
    expect(JOURNAL_UNIT).toContain("StandardOutput=file:/dev/virtio-ports/org.corefly.journal.0\n");
  });
});

describe("diskDevice", () => {
  it("is udev's name for a virtio disk with a serial number", () => {
    expect(diskDevice("data")).toBe("/dev/disk/by-id/virtio-data");
    expect(etcdDevice()).toBe("/dev/disk/by-id/virtio-etcd");
  });
});
