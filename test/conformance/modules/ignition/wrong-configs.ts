// SPDX-License-Identifier: Apache-2.0
// Configs that Ignition's validator refuses, with the code it refuses them for. For validate.test.ts.
import type { Code } from "../../../../modules/ignition/index.ts";

/** `ours` is our code where it is another. */
export type WrongConfig = readonly [name: string, theirs: Code, config: unknown, ours?: Code];

const config = (parts: object, version = "3.3.0") => ({ ignition: { version }, ...parts });
const ignition = (section: object) => ({ ignition: { version: "3.3.0", ...section } });
const files = (...entries: object[]) => config({ storage: { files: entries } });
const contents = (resource: object, version?: string) =>
  config({ storage: { files: [{ path: "/etc/a", contents: resource }] } }, version);
const links = (...entries: object[]) => config({ storage: { links: entries } });
const filesystem = (entry: object) =>
  config({ storage: { filesystems: [{ device: "/dev/vdb", ...entry }] } });
const units = (...entries: object[]) => config({ systemd: { units: entries } });
const unitText = (text: string) => units({ name: "a.service", contents: text });
const dropins = (...entries: object[]) => units({ name: "a.service", dropins: entries });
const zeros = (count: number) => "0".repeat(count);

export const wrongConfigs: readonly WrongConfig[] = [
  ["no version", "ErrInvalidVersion", { ignition: {} }],
  ["nothing", "ErrInvalidVersion", {}],
  ["a version that is none", "ErrInvalidVersion", { ignition: { version: "three" } }],
  ["version 2", "ErrUnknownVersion", { ignition: { version: "2.3.0" } }],
  ["a version from the future", "ErrUnknownVersion", { ignition: { version: "3.9.0" } }],
  ["a mode as text", "ErrInvalid", files({ path: "/etc/a", mode: "0644" })],
  ["a fraction as mode", "ErrInvalid", files({ path: "/etc/a", mode: 1.5 })],
  ["units as an object", "ErrInvalid", config({ systemd: { units: {} } })],
  ["a list as a config", "ErrInvalid", []],
  ["a unit twice", "ErrDuplicate", units({ name: "a.service" }, { name: "a.service" })],
  ["a drop-in twice", "ErrDuplicate", dropins({ name: "a.conf" }, { name: "a.conf" })],
  ["a file twice", "ErrDuplicate", files({ path: "/etc/a" }, { path: "/etc/a" })],
  [
    "a path that is file and link",
    "ErrDuplicate",
    config({
      storage: { files: [{ path: "/etc/a" }], links: [{ path: "/etc/a", target: "/etc/b" }] },
    }),
  ],
  [
    "a path that is directory and file",
    "ErrDuplicate",
    config({ storage: { directories: [{ path: "/etc/a" }], files: [{ path: "/etc/a" }] } }),
  ],
  ["a user twice", "ErrDuplicate", config({ passwd: { users: [{ name: "a" }, { name: "a" }] } })],
  ["a group twice", "ErrDuplicate", config({ passwd: { groups: [{ name: "a" }, { name: "a" }] } })],
  [
    "an SSH key twice",
    "ErrDuplicate",
    config({ passwd: { users: [{ name: "a", sshAuthorizedKeys: ["k", "k"] }] } }),
  ],
  [
    "a kernel argument both wanted and not",
    "ErrDuplicate",
    config({ kernelArguments: { shouldExist: ["quiet"], shouldNotExist: ["quiet"] } }),
  ],
  [
    "a merged config twice",
    "ErrDuplicate",
    ignition({ config: { merge: [{ source: "data:,a" }, { source: "data:,a" }] } }),
  ],
  [
    "a disk twice",
    "ErrDuplicate",
    config({ storage: { disks: [{ device: "/dev/a" }, { device: "/dev/a" }] } }),
  ],
  [
    "a header twice",
    "ErrDuplicate",
    contents({
      source: "http://a/",
      httpHeaders: [
        { name: "A", value: "1" },
        { name: "A", value: "2" },
      ],
    }),
  ],
  ["a file without a path", "ErrNoPath", files({ contents: { source: "data:,a" } })],
  ["a relative path", "ErrPathRelative", files({ path: "etc/a" })],
  ["a path with two slashes", "ErrDirtyPath", files({ path: "/etc//a" })],
  [
    "a path with a slash at its end",
    "ErrDirtyPath",
    config({ storage: { directories: [{ path: "/etc/" }] } }),
  ],
  ["a path with ..", "ErrDirtyPath", files({ path: "/etc/../etc/a" })],
  ["a path with .", "ErrDirtyPath", links({ path: "/etc/./a", target: "b" })],
  ["a relative device", "ErrPathRelative", config({ storage: { disks: [{ device: "vda" }] } })],
  [
    "a relative device of a file system",
    "ErrPathRelative",
    config({ storage: { filesystems: [{ device: "vda", format: "ext4" }] } }),
  ],
  ["a relative mount point", "ErrPathRelative", filesystem({ format: "ext4", path: "var" })],
  [
    "a file below a link",
    "ErrFileUsedSymlink",
    config({
      storage: { files: [{ path: "/etc/a/b" }], links: [{ path: "/etc/a", target: "/opt" }] },
    }),
  ],
  [
    "a directory below a link",
    "ErrDirectoryUsedSymlink",
    config({
      storage: {
        directories: [{ path: "/etc/a/b/c" }],
        links: [{ path: "/etc/a", target: "/opt" }],
      },
    }),
  ],
  [
    "a link below a link",
    "ErrLinkUsedSymlink",
    links({ path: "/etc/a", target: "/opt" }, { path: "/etc/a/b", target: "/opt" }),
  ],
  ["a link without a target", "ErrLinkTargetRequired", links({ path: "/etc/a" })],
  ["a link with an empty target", "ErrLinkTargetRequired", links({ path: "/etc/a", target: "" })],
  [
    "a hard link to a directory",
    "ErrHardLinkToDirectory",
    config({
      storage: {
        directories: [{ path: "/etc/d" }],
        links: [{ path: "/etc/a", target: "/etc/d", hard: true }],
      },
    }),
  ],
  [
    "a user by id and name",
    "ErrBothIDAndNameSet",
    files({ path: "/etc/a", user: { id: 1, name: "core" } }),
  ],
  [
    "a group by id and name",
    "ErrBothIDAndNameSet",
    files({ path: "/etc/a", group: { id: 0, name: "core" } }),
  ],
  [
    "a file at a unit's path",
    "ErrPathConflictsSystemd",
    config({
      storage: { files: [{ path: "/etc/systemd/system/a.service" }] },
      systemd: { units: [{ name: "a.service", contents: "[Unit]\n" }] },
    }),
  ],
  [
    "a link at a unit's path",
    "ErrPathConflictsSystemd",
    config({
      storage: { links: [{ path: "/etc/systemd/system/a.service", target: "/dev/null" }] },
      systemd: { units: [{ name: "a.service", contents: "[Unit]\n" }] },
    }),
  ],
  [
    "a directory at a drop-in's path",
    "ErrPathConflictsSystemd",
    config({
      storage: { directories: [{ path: "/etc/systemd/system/a.service.d/b.conf" }] },
      systemd: {
        units: [{ name: "a.service", dropins: [{ name: "b.conf", contents: "[Unit]\n" }] }],
      },
    }),
  ],
  ["a negative mode", "ErrFileIllegalMode", files({ path: "/etc/a", mode: -1 })],
  ["a mode past 07777", "ErrFileIllegalMode", files({ path: "/etc/a", mode: 0o10000 })],
  [
    "a directory mode past 07777",
    "ErrFileIllegalMode",
    config({ storage: { directories: [{ path: "/etc/a", mode: 0o10000 }] } }),
  ],
  [
    "overwrite without contents",
    "ErrOverwriteAndNilSource",
    files({ path: "/etc/a", overwrite: true }),
  ],
  ["a merged config without a source", "ErrSourceRequired", ignition({ config: { merge: [{}] } })],
  [
    "a certificate authority without a source",
    "ErrSourceRequired",
    ignition({ security: { tls: { certificateAuthorities: [{ compression: "gzip" }] } } }),
  ],
  ["a URL with a bad escape", "ErrInvalidUrl", contents({ source: "http://a/%zz" })],
  ["a URL with a bad port", "ErrInvalidUrl", contents({ source: "http://a:port/" })],
  ["a URL with a bad IPv6 address", "ErrInvalidUrl", contents({ source: "http://[a]/" })],
  ["a URL with a line break", "ErrInvalidUrl", contents({ source: "http://a/\n" })],
  ["a URL without a scheme before the colon", "ErrInvalidUrl", contents({ source: ":a" })],
  ["a scheme that is not fetched", "ErrInvalidScheme", contents({ source: "ftp://a/b" })],
  ["a file URL", "ErrInvalidScheme", contents({ source: "file:///etc/a" })],
  ["a path as a source", "ErrInvalidScheme", contents({ source: "/etc/a" })],
  [
    "an ARN before 3.4",
    "ErrInvalidScheme",
    contents({ source: "arn:aws:s3:::b/k" }),
    "VersionTooLow",
  ],
  ["a data URL without a comma", "InvalidDataUrl", contents({ source: "data:text/plain;base64" })],
  ["a data URL with bad base64", "InvalidDataUrl", contents({ source: "data:;base64,a" })],
  ["a data URL with a bad escape", "InvalidDataUrl", contents({ source: "data:,%zz" })],
  ["a data URL with a space", "InvalidDataUrl", contents({ source: "data:,a b" })],
  ["a data URL with a bad media type", "InvalidDataUrl", contents({ source: "data:font/woff,a" })],
  ["a data URL with a letter beyond ASCII", "InvalidDataUrl", contents({ source: "data:,ä" })],
  [
    "a bad source in an appended part",
    "ErrInvalidScheme",
    files({ path: "/etc/a", append: [{ source: "x" }] }),
  ],
  [
    "another compression",
    "ErrCompressionInvalid",
    contents({ source: "data:,a", compression: "xz" }),
  ],
  [
    "a hash of nothing",
    "ErrVerificationAndNilSource",
    contents({ verification: { hash: `sha512-${zeros(128)}` } }),
  ],
  [
    "a hash without a dash",
    "ErrHashMalformed",
    contents({ source: "data:,a", verification: { hash: "sha512" } }),
  ],
  [
    "an empty hash",
    "ErrHashMalformed",
    contents({ source: "data:,a", verification: { hash: "" } }),
  ],
  [
    "an unknown hash function",
    "ErrHashUnrecognized",
    contents({ source: "data:,a", verification: { hash: `md5-${zeros(32)}` } }),
  ],
  [
    "a hash function that is a JavaScript property",
    "ErrHashUnrecognized",
    contents({ source: "data:,a", verification: { hash: "constructor-0" } }),
  ],
  [
    "a short sha512",
    "ErrHashWrongSize",
    contents({ source: "data:,a", verification: { hash: `sha512-${zeros(127)}` } }),
  ],
  [
    "a sha256 with the length of a sha512",
    "ErrHashWrongSize",
    contents({ source: "data:,a", verification: { hash: `sha256-${zeros(128)}` } }),
  ],
  [
    "an ARN of another service",
    "ErrInvalidS3ARN",
    contents({ source: "arn:aws:iam::1:role/a" }, "3.4.0"),
  ],
  ["an ARN without a key", "ErrInvalidS3ARN", contents({ source: "arn:aws:s3:::bucket" }, "3.4.0")],
  ["an ARN that is none", "ErrInvalidS3ARN", contents({ source: "arn:aws:s3" }, "3.4.0")],
  [
    "an S3 object with an empty version",
    "ErrInvalidS3ObjectVersionId",
    contents({ source: "s3://b/k?versionId=" }),
  ],
  [
    "a header without a name",
    "ErrEmptyHTTPHeaderName",
    contents({ source: "http://a/", httpHeaders: [{ name: "", value: "1" }] }),
  ],
  [
    "a header with an empty value",
    "ErrInvalidHTTPHeader",
    contents({ source: "http://a/", httpHeaders: [{ name: "A", value: "" }] }),
  ],
  [
    "headers on a data URL",
    "ErrUnsupportedSchemeForHTTPHeaders",
    contents({ source: "data:,a", httpHeaders: [{ name: "A", value: "1" }] }),
  ],
  [
    "headers without a source",
    "ErrInvalidUrl",
    contents({ httpHeaders: [{ name: "A", value: "1" }] }),
  ],
  [
    "a proxy of another scheme",
    "ErrInvalidProxy",
    ignition({ proxy: { httpProxy: "socks5://a" } }),
  ],
  ["a proxy that is no URL", "ErrInvalidUrl", ignition({ proxy: { httpsProxy: "http://a b/" } })],
  ["an empty proxy", "ErrInvalidProxy", ignition({ proxy: { httpProxy: "" } })],
  ["a unit without a suffix", "ErrInvalidSystemdExt", units({ name: "a" })],
  ["a unit without a name", "ErrInvalidSystemdExt", units({ enabled: true })],
  ["a quadlet as a unit", "ErrInvalidSystemdExt", units({ name: "a.container" })],
  ["a drop-in that is no .conf", "ErrInvalidSystemdDropinExt", dropins({ name: "a.txt" })],
  ["a section without an end", "InvalidUnitContents", unitText("[Unit")],
  ["text after a section", "InvalidUnitContents", unitText("[Unit] a\n")],
  ["an option without a value", "InvalidUnitContents", unitText("[Unit]\nDescription\nA=b\n")],
  ["an option cut at the end", "InvalidUnitContents", unitText("[Unit]\nDescription")],
  [
    "a comment inside a continued value",
    "InvalidUnitContents",
    unitText("[Service]\nA=b \\\n# c\nd\n"),
  ],
  [
    "a value continued in a file with CRLF",
    "InvalidUnitContents",
    unitText("[Service]\r\nA=b \\\r\n  c\r\n"),
  ],
  [
    "a line of 5,000 bytes",
    "InvalidUnitContents",
    unitText(`[Service]\nA=${"b".repeat(5000)}\nC=d\n`),
  ],
  [
    "drop-in text that does not parse",
    "InvalidUnitContents",
    dropins({ name: "a.conf", contents: "[Unit\n" }),
  ],
];
