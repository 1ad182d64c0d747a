// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "@jest/globals";
import {
  build,
  directory,
  disk,
  dropin,
  file,
  filesystem,
  group,
  hardLink,
  maskedUnit,
  resource,
  symlink,
  unit,
  user,
} from "../../../../../modules/ignition/index.ts";

const sha512 = "ab".repeat(64);

describe("file()", () => {
  test("puts text into a data URL as UTF-8, mode 0644", () => {
    expect(file("/etc/a", { content: "ä\n" })).toEqual({
      path: "/etc/a",
      mode: 0o644,
      contents: { source: "data:;base64,w6QK" },
    });
  });

  test("puts bytes into a data URL", () => {
    const contents = { source: "data:;base64,AP8=" };
    expect(file("/etc/a", { content: Uint8Array.of(0, 255) }).contents).toEqual(contents);
  });

  test("makes an empty file of empty text, and says nothing of contents without any", () => {
    expect(file("/etc/a", { content: "" }).contents).toEqual({ source: "data:," });
    expect(file("/etc/a", {})).toEqual({ path: "/etc/a", mode: 0o644 });
  });

  test("carries the sha512 of what comes from the network", () => {
    expect(
      file("/opt/a", {
        source: "http://10.0.2.2:5000/a",
        sha512,
        compression: "gzip",
        httpHeaders: { Accept: "*/*" },
        mode: 0o755,
        user: 0,
        group: "wheel",
        overwrite: true,
        append: [{ content: "b" }],
      }),
    ).toEqual({
      path: "/opt/a",
      mode: 0o755,
      overwrite: true,
      user: { id: 0 },
      group: { name: "wheel" },
      contents: {
        source: "http://10.0.2.2:5000/a",
        verification: { hash: `sha512-${sha512}` },
        compression: "gzip",
        httpHeaders: [{ name: "Accept", value: "*/*" }],
      },
      append: [{ source: "data:;base64,Yg==" }],
    });
  });

  test("does not compile without the sha512", () => {
    // @ts-expect-error what comes from the network is verified
    const options: Parameters<typeof file>[1] = { source: "http://10.0.2.2:5000/a" };
    expect(options).toEqual({ source: "http://10.0.2.2:5000/a" });
  });
});

test("directory(), symlink() and hardLink() make nodes", () => {
  expect(directory("/etc/a")).toEqual({ path: "/etc/a", mode: 0o755 });
  expect(directory("/etc/a", { mode: 0o700, user: "core" })).toEqual({
    path: "/etc/a",
    mode: 0o700,
    user: { name: "core" },
  });
  expect(symlink("/etc/a", "b")).toEqual({ path: "/etc/a", target: "b", hard: false });
  expect(hardLink("/etc/a", "/etc/b", { overwrite: true })).toEqual({
    path: "/etc/a",
    target: "/etc/b",
    hard: true,
    overwrite: true,
  });
});

test("unit(), maskedUnit() and dropin() make units", () => {
  expect(
    unit("a.service", { enabled: true, contents: "x", dropins: [dropin("b.conf", "y")] }),
  ).toEqual({
    name: "a.service",
    enabled: true,
    contents: "x",
    dropins: [{ name: "b.conf", contents: "y" }],
  });
  expect(maskedUnit("a.service")).toEqual({ name: "a.service", mask: true });
});

test("resource() makes a source", () => {
  expect(resource({ source: "http://a/", sha512 })).toEqual({
    source: "http://a/",
    verification: { hash: `sha512-${sha512}` },
  });
});

describe("build()", () => {
  test("makes a config of 3.3.0 out of nothing", () => {
    expect(build({})).toEqual({ ignition: { version: "3.3.0" } });
    expect(build({ files: [], units: [], users: [] })).toEqual({ ignition: { version: "3.3.0" } });
  });

  test("puts every part into its section", () => {
    const parts = {
      files: [file("/etc/a", {})],
      directories: [directory("/etc/b")],
      links: [symlink("/etc/c", "d")],
      disks: [disk("/dev/vdb", { wipeTable: true })],
      filesystems: [filesystem("/dev/vdc", { format: "ext4", path: "/var/lib/etcd" })],
      units: [maskedUnit("a.service")],
      users: [user("core", { uid: 1000 })],
      groups: [group("wheel")],
      kernelArguments: { shouldExist: ["quiet"] },
    };
    expect(build(parts)).toEqual({
      ignition: { version: "3.3.0" },
      storage: {
        files: parts.files,
        directories: parts.directories,
        links: parts.links,
        disks: parts.disks,
        filesystems: parts.filesystems,
      },
      systemd: { units: parts.units },
      passwd: { users: parts.users, groups: parts.groups },
      kernelArguments: parts.kernelArguments,
    });
  });

  test("takes 3.4.0 for an ARN", () => {
    const files = [file("/opt/a", { source: "arn:aws:s3:::b/k", sha512 })];
    expect(build({ files }).ignition.version).toBe("3.4.0");
  });
});
