// SPDX-License-Identifier: Apache-2.0
// What a change of a machine's arguments comes to, and how it is said.
import { describe, expect, it } from "@jest/globals";
import { schema } from "../../../../../modules/provider/handlers/qemu-machine-schema.ts";
import { diffMachine, listed } from "../../../../../modules/provider/machine/machine-diff.ts";
import { type PropertyValues, UNKNOWN } from "../../../../../modules/provider/property-value.ts";

function config(motd: string): string {
  const file = { path: "/etc/motd", contents: { source: `data:,${motd}` } };
  return JSON.stringify({ ignition: { version: "3.3.0" }, storage: { files: [file] } });
}

const contents = {
  config: { "file /etc/motd": "aaa", "unit kubelet.service": "bbb" },
  keys: { "certificate apiserver": "ccc" },
};
const olds: PropertyValues = {
  image: { sha512: "0" },
  ignition: config("a"),
  cpus: 2,
  disks: ["/s/etcd.img"],
};
const told = { ...olds, contents };

const compare = (old: PropertyValues, more: PropertyValues, others: readonly number[] = []) =>
  diffMachine(old, { ...old, ...more }, schema, others);

describe("diffMachine()", () => {
  it("has no reason where nothing changes", () => {
    const { diff, reasons } = compare(told, {});
    expect([diff.changes, diff.replaces, reasons]).toEqual([false, [], []]);
  });

  it("replaces for another config, and names its parts by comparing them", () => {
    expect(compare(olds, { ignition: config("b") })).toEqual({
      diff: { changes: true, replaces: ["ignition"], detailed: { ignition: "update" } },
      reasons: ["file /etc/motd"],
    });
  });

  it("shows digests instead of the config where there are some, also of what is not known yet", () => {
    const next: PropertyValues = {
      config: { "file /etc/motd": "zzz", "user core": "ddd" },
      keys: { "certificate apiserver": UNKNOWN },
    };
    expect(compare(told, { ignition: UNKNOWN, contents: next })).toEqual({
      diff: {
        changes: true,
        replaces: ["contents"],
        detailed: {
          'contents.config["file /etc/motd"]': "update",
          'contents.config["unit kubelet.service"]': "delete",
          'contents.config["user core"]': "add",
          'contents.keys["certificate apiserver"]': "update",
        },
      },
      reasons: ["certificate apiserver", "file /etc/motd", "unit kubelet.service", "user core"],
    });
  });

  it("says nothing of digests that come or change while the config is the same", () => {
    expect(compare(olds, { contents }).diff.changes).toBe(false);
    const other = { ...contents, config: {} };
    expect(compare(told, { contents: other }).diff.changes).toBe(false);
  });

  it("takes digests that are new for no reason", () => {
    expect(compare(olds, { ignition: UNKNOWN, contents })).toEqual({
      diff: { changes: true, replaces: ["ignition"], detailed: { ignition: "update" } },
      reasons: ["its config"],
    });
  });

  it("replaces for another image and another disk, not for another size", () => {
    expect(compare(olds, { image: { sha512: "1" }, cpus: 4 }, [0])).toEqual({
      diff: {
        changes: true,
        replaces: ["image", "disks"],
        detailed: { "image.sha512": "update", cpus: "update", "disks[0]": "update" },
      },
      reasons: ["its image", "disk etcd, which is another one"],
    });
    expect(compare(olds, { cpus: 4 }).diff.replaces).toEqual([]);
  });

  it("copes with a config that is no JSON", () => {
    expect(compare(olds, { ignition: "text" }).reasons).toEqual([
      "ignition.version",
      "file /etc/motd",
    ]);
  });
});

describe("listed()", () => {
  it("cuts a long list", () => {
    const names = Array.from({ length: 14 }, (_, index) => `file ${index}`);
    expect(listed(names)).toMatch(/^file 0, .*, file 11 and 2 more$/);
  });
});
