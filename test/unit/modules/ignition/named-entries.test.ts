// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { changedEntries, namedEntries } from "../../../../modules/ignition/named-entries.ts";

const config = (motd: string, more: object = {}) => ({
  ignition: { version: "3.3.0" },
  storage: {
    files: [
      { path: "/etc/motd", contents: { source: motd } },
      { path: "/etc/hosts", mode: 0o600 },
    ],
    filesystems: [{ device: "/dev/vdb", format: "ext4" }],
  },
  systemd: { units: [{ name: "kubelet.service", enabled: true }] },
  passwd: { users: [{ name: "core" }] },
  ...more,
});

describe("namedEntries()", () => {
  it("names what a person would", () => {
    expect(Object.keys(namedEntries(config("data:,a")))).toEqual([
      "ignition.version",
      "user core",
      "file /etc/motd",
      "file /etc/hosts",
      "filesystem /dev/vdb",
      "unit kubelet.service",
    ]);
  });

  it("has nothing of what is no config", () => {
    expect(namedEntries("text")).toEqual({});
    expect(namedEntries({ other: 1 })).toEqual({});
  });
});

describe("changedEntries()", () => {
  it("names what was changed, what went and what came", () => {
    const units = { units: [{ name: "kubelet.service", enabled: false }, { name: "new.timer" }] };
    expect(
      changedEntries(
        namedEntries(config("data:,a")),
        namedEntries(config("data:,b", { systemd: units, passwd: {} })),
      ),
    ).toEqual(["user core", "file /etc/motd", "unit kubelet.service", "unit new.timer"]);
  });
});
