// SPDX-License-Identifier: Apache-2.0
// Configs that Ignition's validator takes and that fail, or do nothing, on the machine: we refuse them. For validate.test.ts.
import type { Code } from "../../../../modules/ignition/index.ts";

type Case = readonly [name: string, code: Code, config: unknown];

const config = (parts: object, version = "3.3.0") => ({ ignition: { version }, ...parts });
const files = (...entries: object[]) => config({ storage: { files: entries } });
const contents = (resource: object) => files({ path: "/etc/a", contents: resource });
const luks = (entry: object, version = "3.3.0") =>
  config({ storage: { luks: [{ name: "a", device: "/dev/a", ...entry }] } }, version);
const links = (...entries: object[]) => config({ storage: { links: entries } });
const units = (...entries: object[]) => config({ systemd: { units: entries } });
const unitText = (contents: string) => units({ name: "a.service", contents });
const users = (...entries: object[]) => config({ passwd: { users: entries } });
const keys = (...sshAuthorizedKeys: string[]) => users({ name: "core", sshAuthorizedKeys });
const zeros = (count: number) => "0".repeat(count);
const notKeyData = Buffer.from("\0\0\0\x07ssh-rsa\0\0\0\x01a").toString("base64");

export const refusedConfigs: readonly Case[] = [
  ["a misspelt field", "UnusedKey", units({ name: "a.service", enable: true })],
  ["a misspelt section", "UnusedKey", config({ storages: {} })],
  ["a field of a newer version", "UnusedKey", config({ systemd: { quadlets: [] } })],
  ["a field newer than the declared version", "VersionTooLow", luks({ discard: true })],
  [
    "a section newer than the declared version",
    "VersionTooLow",
    config({ kernelArguments: { shouldExist: ["a"] } }, "3.2.0"),
  ],
  [
    "a config that replaces everything",
    "ReplacesConfig",
    { ignition: { version: "3.3.0", config: { replace: { source: "data:,a" } } } },
  ],
  [
    "a negative timeout",
    "IllegalTimeout",
    { ignition: { version: "3.3.0", timeouts: { httpTotal: -1 } } },
  ],
  ["a path with a NUL", "IllegalPath", files({ path: "/etc/a\0b" })],
  ["a path with a line break", "IllegalPath", files({ path: "/etc/a\nb" })],
  ["a file name of 256 bytes", "IllegalPath", files({ path: `/etc/${"ä".repeat(128)}` })],
  ["the root as a file", "IllegalPath", files({ path: "/" })],
  ...[
    "/proc/a",
    "/sys/a",
    "/dev/a",
    "/run/a",
    "/var/run/a",
    "/tmp/a",
    "/usr/bin/a",
    "/usr",
    "/tmp",
  ].map((path): Case => [`a file at ${path}`, "UnwritablePath", files({ path })]),
  [
    "a directory in /run",
    "UnwritablePath",
    config({ storage: { directories: [{ path: "/run/a" }] } }),
  ],
  ["a link in /usr", "UnwritablePath", links({ path: "/usr/a", target: "b" })],
  [
    "a file system at /run",
    "UnwritablePath",
    config({ storage: { filesystems: [{ device: "/dev/a", format: "ext4", path: "/run/a" }] } }),
  ],
  ["a file below a file", "PathBelowFile", files({ path: "/etc/a" }, { path: "/etc/a/b" })],
  [
    "a directory far below a file",
    "PathBelowFile",
    config({ storage: { directories: [{ path: "/etc/a/b/c" }], files: [{ path: "/etc/a" }] } }),
  ],
  [
    "a drop-in below a file",
    "PathBelowFile",
    config({
      storage: { files: [{ path: "/etc/systemd/system/a.service.d" }] },
      systemd: {
        units: [{ name: "a.service", dropins: [{ name: "b.conf", contents: "[Unit]\n" }] }],
      },
    }),
  ],
  [
    "a unit below a link",
    "UnitBelowLink",
    config({
      storage: { links: [{ path: "/etc/systemd", target: "/opt" }] },
      systemd: { units: [{ name: "a.service", contents: "[Unit]\n" }] },
    }),
  ],
  [
    "a file at a masked unit's path",
    "ErrPathConflictsSystemd",
    config({
      storage: { files: [{ path: "/etc/systemd/system/a.service" }] },
      systemd: { units: [{ name: "a.service", mask: true }] },
    }),
  ],
  ["a link to itself", "LinkLoop", links({ path: "/etc/a", target: "a" })],
  ["data that is not gzip", "InvalidGzip", contents({ source: "data:,a", compression: "gzip" })],
  [
    "data with a quoted parameter",
    "InvalidDataUrl",
    contents({ source: 'data:text/plain;a="b",c' }),
  ],
  [
    "data of another hash",
    "HashMismatch",
    contents({ source: "data:,a", verification: { hash: `sha512-${zeros(128)}` } }),
  ],
  [
    "a digest in capitals",
    "IllegalDigest",
    contents({ source: "http://a/", verification: { hash: `sha512-${"A".repeat(128)}` } }),
  ],
  [
    "a digest of other letters",
    "IllegalDigest",
    contents({ source: "http://a/", verification: { hash: `sha512-${"g".repeat(128)}` } }),
  ],
  ["a remote file without a hash", "RemoteSourceWithoutHash", contents({ source: "https://a/b" })],
  [
    "a remote file with a sha256",
    "RemoteSourceWithoutHash",
    contents({ source: "https://a/b", verification: { hash: `sha256-${zeros(64)}` } }),
  ],
  [
    "a remote part without a hash",
    "RemoteSourceWithoutHash",
    files({ path: "/etc/a", append: [{ source: "tftp://a/b" }] }),
  ],
  [
    "a remote config without a hash",
    "RemoteSourceWithoutHash",
    { ignition: { version: "3.3.0", config: { merge: [{ source: "s3://a/b" }] } } },
  ],
  [
    "a remote key file without a hash",
    "RemoteSourceWithoutHash",
    luks({ keyFile: { source: "gs://a/b" } }),
  ],
  ["a part without a source", "ErrSourceRequired", files({ path: "/etc/a", append: [{}] })],
  ["a URL without a host", "ErrInvalidUrl", contents({ source: "http:///a" })],
  ["a URL with a letter beyond ASCII", "ErrInvalidUrl", contents({ source: "http://ä/" })],
  [
    "a header without a value",
    "ErrInvalidHTTPHeader",
    contents({
      source: "http://a/",
      verification: { hash: `sha512-${zeros(128)}` },
      httpHeaders: [{ name: "A" }],
    }),
  ],
  [
    "a partition of negative size",
    "IllegalPartition",
    config({
      storage: { disks: [{ device: "/dev/a", partitions: [{ number: 1, sizeMiB: -1 }] }] },
    }),
  ],
  [
    "two file systems at one place",
    "DuplicateMountPoint",
    config({
      storage: {
        filesystems: [
          { device: "/dev/a", format: "xfs", path: "/var" },
          { device: "/dev/b", format: "xfs", path: "/var" },
        ],
      },
    }),
  ],
  ["a LUKS volume without a name", "IllegalLuksName", luks({ name: "" })],
  ["a unit in another folder", "IllegalUnitName", units({ name: "../a.service" })],
  ["a unit name with a space", "IllegalUnitName", units({ name: "a b.service" })],
  ["a unit that is only a suffix", "IllegalUnitName", units({ name: ".service" })],
  [
    "a drop-in in another folder",
    "IllegalDropinName",
    units({ name: "a.service", dropins: [{ name: "../a.conf" }] }),
  ],
  ["text before the first section", "InvalidUnitContents", unitText("A=b\n[Unit]\n")],
  ["a section over two lines", "InvalidUnitContents", unitText("[Un\nit]\n")],
  ["an option without a name", "InvalidUnitContents", unitText("[Unit]\n=a\n")],
  ["a comment that ends in a backslash", "InvalidUnitContents", unitText("[Unit]\n# a \\\nB=c\n")],
  [
    "enabled and masked",
    "EnabledAndMasked",
    units({ name: "a.service", enabled: true, mask: true }),
  ],
  ["a user name with a space", "IllegalUserName", users({ name: "a b" })],
  ["a user without a name", "IllegalUserName", users({})],
  [
    "a group name in capitals",
    "IllegalUserName",
    config({ passwd: { groups: [{ name: "Wheel" }] } }),
  ],
  ["a key that is none", "IllegalSshKey", keys("me@there")],
  ["a key cut short", "IllegalSshKey", keys("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5")],
  ["a key whose type is another", "IllegalSshKey", keys(`ssh-ed25519 ${notKeyData}`)],
  ["a private key", "IllegalSshKey", keys("-----BEGIN OPENSSH PRIVATE KEY-----")],
  ["two keys in one", "IllegalSshKey", keys("ssh-ed25519 AAAA\nssh-ed25519 AAAA")],
  [
    "an empty kernel argument",
    "IllegalKernelArgument",
    config({ kernelArguments: { shouldExist: [""] } }),
  ],
];
