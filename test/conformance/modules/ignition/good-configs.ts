// SPDX-License-Identifier: Apache-2.0
// Configs that Ignition takes and we take, with the warnings both give. For validate.test.ts.
import { gzipSync } from "node:zlib";
import {
  build,
  type Code,
  dataUrl,
  directory,
  disk,
  dropin,
  file,
  filesystem,
  group,
  hardLink,
  type IgnitionConfig,
  maskedUnit,
  symlink,
  unit,
  user,
} from "../../../../modules/ignition/index.ts";

type Case = readonly [name: string, config: IgnitionConfig, warnings?: readonly Code[]];

const sha512 = "0".repeat(128);
const hash = `sha512-${sha512}`;
const key = `ssh-ed25519 ${Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from("ssh-ed25519"),
  Buffer.from([0, 0, 0, 32]),
  Buffer.alloc(32, 7),
]).toString("base64")}`;
const service =
  "[Unit]\nDescription=a\n[Service]\nExecStart=/opt/a \\\n  --flag\n[Install]\nWantedBy=multi-user.target\n";
const storage = (section: IgnitionConfig["storage"], version = "3.3.0"): IgnitionConfig => ({
  ignition: { version },
  ...(section === undefined ? {} : { storage: section }),
});
const ignition = (section: Partial<IgnitionConfig["ignition"]>): IgnitionConfig => ({
  ignition: { version: "3.3.0", ...section },
});

export const goodConfigs: readonly Case[] = [
  ["nothing", build({})],
  ["an older version", ignition({ version: "3.0.0" })],
  ["a file with text", build({ files: [file("/etc/a", { content: "täxt\n" })] })],
  ["a file with bytes", build({ files: [file("/etc/a", { content: Uint8Array.of(0, 255) })] })],
  ["an empty file", build({ files: [file("/etc/a", { content: "" })] })],
  ["a file without content", build({ files: [file("/etc/a", {})] })],
  ["a file to overwrite", build({ files: [file("/etc/a", { content: "a", overwrite: true })] })],
  [
    "a file from the network",
    build({
      files: [
        file("/opt/a", {
          source: "https://u:p@[::1]:8443/a%20b?c=d&e=f/g?#h",
          sha512,
          compression: "gzip",
          httpHeaders: { Authorization: "Bearer a" },
        }),
      ],
    }),
  ],
  ["a file from tftp", build({ files: [file("/opt/a", { source: "tftp://10.0.2.2/a", sha512 })] })],
  ["a file from gs", build({ files: [file("/opt/a", { source: "gs://bucket/a/b", sha512 })] })],
  [
    "a file from s3",
    build({ files: [file("/opt/a", { source: "s3://b-u.c/k?versionId=1", sha512 })] }),
  ],
  [
    "a file from an ARN",
    build({ files: [file("/opt/a", { source: "arn:aws:s3:::b/k?versionId=1", sha512 })] }),
  ],
  [
    "a file from an access point",
    build({
      files: [
        file("/opt/a", { source: "arn:aws:s3:eu-west-1:12:accesspoint/ap/object/k", sha512 }),
      ],
    }),
  ],
  [
    "appended parts",
    build({ files: [file("/etc/a", { append: [{ content: "a" }, { content: "a" }] })] }),
  ],
  ["owners", build({ files: [file("/etc/a", { content: "", user: "core", group: 0 })] })],
  [
    "gzip data",
    storage({
      files: [
        { path: "/etc/a", contents: { source: dataUrl(gzipSync("a")), compression: "gzip" } },
      ],
    }),
  ],
  [
    "plain data URLs",
    storage({
      files: [
        { path: "/etc/a", contents: { source: "data:text/plain;charset=utf-8,a%20b,c;d=e" } },
      ],
    }),
  ],
  [
    "explicitly no compression",
    storage({ files: [{ path: "/etc/a", contents: { source: "data:,a", compression: "" } }] }),
  ],
  [
    "nulls",
    JSON.parse(
      '{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"/etc/a","mode":null,"contents":{"source":null}}]},"systemd":null}',
    ),
  ],
  [
    "setuid",
    build({ files: [file("/opt/a", { content: "", mode: 0o4755 })] }),
    ["ErrModeSpecialBits"],
  ],
  [
    "a sticky directory",
    build({ directories: [directory("/opt/a", { mode: 0o1777 })] }),
    ["ErrModeSpecialBits"],
  ],
  [
    "directories",
    build({ directories: [directory("/opt/a"), directory("/opt/a/b", { mode: 0o700 })] }),
  ],
  [
    "a file in a directory",
    build({ directories: [directory("/opt/a")], files: [file("/opt/a/b", { content: "" })] }),
  ],
  ["a symbolic link", build({ links: [symlink("/opt/a", "../etc")] })],
  [
    "a hard link",
    build({ files: [file("/opt/a", { content: "" })], links: [hardLink("/opt/b", "/opt/a")] }),
  ],
  [
    "a hard link with an owner",
    storage({
      links: [
        { path: "/opt/b", target: "/opt/a", hard: true, user: { name: "core" }, group: { id: 1 } },
      ],
    }),
    ["ErrHardLinkSpecifiesOwner", "ErrHardLinkSpecifiesOwner"],
  ],
  ["a unit", build({ units: [unit("a.service", { contents: service, enabled: true })] })],
  ["a unit of the system", build({ units: [unit("a.service", { enabled: false })] })],
  ["a masked unit", build({ units: [maskedUnit("a.service")] })],
  [
    "a drop-in",
    build({ units: [unit("a@b.service", { dropins: [dropin("1.conf", "[Service]\nNice=1")] })] }),
  ],
  ["an empty unit", build({ units: [unit("a.service", { contents: "" })] })],
  [
    "comments",
    build({ units: [unit("a.service", { contents: "# a\n; b\n\n[Unit]\n  # c\nA=\n" })] }),
  ],
  ["a unit with CRLF", build({ units: [unit("a.service", { contents: "[Unit]\r\nA=b\r\n" })] })],
  [
    "a value cut at a backslash",
    build({ units: [unit("a.service", { contents: "[Unit]\nA=b \\" })] }),
  ],
  [
    "an escaped unit name",
    build({ units: [unit("dev-disk-by\\x2dlabel-a.mount", { enabled: true })] }),
  ],
  [
    "no [Install]",
    build({ units: [unit("a.service", { contents: "[Service]\nA=b\n", enabled: true })] }),
    ["NoInstallSection"],
  ],
  [
    "a template without [Install]",
    build({
      units: [
        unit("a@.service", { contents: "[Service]\nA=b\n" }),
        unit("a@b.service", { enabled: true }),
      ],
    }),
    ["NoInstallSectionForInstance"],
  ],
  [
    "an instance of a template",
    build({
      units: [unit("a@.service", { contents: service }), unit("a@b.service", { enabled: true })],
    }),
  ],
  [
    "users and groups",
    build({
      users: [
        user("core", {
          sshAuthorizedKeys: [key, `no-pty ${key} me@there`],
          groups: ["sudo"],
          uid: 1000,
        }),
      ],
      groups: [group("wheel", { gid: 10, system: true })],
    }),
  ],
  [
    "kernel arguments",
    build({ kernelArguments: { shouldExist: ["quiet", "a=b"], shouldNotExist: ["debug"] } }),
  ],
  [
    "a disk with partitions and file systems",
    build({
      disks: [
        disk("/dev/vda", {
          wipeTable: true,
          partitions: [
            {
              number: 1,
              label: "a",
              startMiB: 1,
              sizeMiB: 10,
              typeGuid: "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
            },
            { number: 2, label: "b", startMiB: 11, sizeMiB: 0 },
            { label: "c" },
            { label: "d", resize: true, wipePartitionEntry: true },
          ],
        }),
      ],
      filesystems: [
        filesystem("/dev/disk/by-partlabel/a", {
          format: "ext4",
          label: "a".repeat(16),
          path: "/var",
          mountOptions: ["ro", "ro"],
        }),
        filesystem("/dev/disk/by-partlabel/b", { format: "none", path: "/opt/b" }),
        filesystem("/dev/disk/by-partlabel/c", {
          format: "vfat",
          label: "a".repeat(11),
          wipeFilesystem: true,
        }),
      ],
    }),
  ],
  [
    "a file system on a partitioned disk",
    build({
      disks: [disk("/dev/vda", { partitions: [{ number: 1 }] })],
      filesystems: [filesystem("/dev/vda", { format: "xfs" })],
    }),
    ["ErrPartitionsOverwritten"],
  ],
  [
    "a file system on a wiped disk",
    build({
      disks: [disk("/dev/vda", { wipeTable: true })],
      filesystems: [filesystem("/dev/vda", { format: "btrfs" })],
    }),
    ["ErrFilesystemImplicitWipe"],
  ],
  [
    "a removed partition",
    build({ disks: [disk("/dev/vda", { partitions: [{ number: 1, shouldExist: false }] })] }),
  ],
  ["a file system without a format", storage({ filesystems: [{ device: "/dev/vda" }] })],
  [
    "RAID",
    storage({
      raid: [
        {
          name: "a",
          level: "raid1",
          devices: ["/dev/a", "/dev/b"],
          spares: 1,
          options: ["x", "x"],
        },
      ],
    }),
  ],
  [
    "LUKS",
    storage({
      luks: [
        {
          name: "a",
          device: "/dev/a",
          clevis: { tpm2: true, threshold: 1, tang: [{ url: "http://a", thumbprint: "x" }] },
        },
      ],
    }),
  ],
  [
    "LUKS with a custom pin",
    storage({
      luks: [{ name: "a", device: "/dev/a", clevis: { custom: { pin: "sss", config: "{}" } } }],
    }),
  ],
  [
    "LUKS of 3.4",
    storage(
      { luks: [{ name: "a", device: "/dev/a", discard: true, openOptions: ["x"] }] },
      "3.4.0",
    ),
  ],
  [
    "LUKS of 3.5",
    storage({ luks: [{ name: "a", device: "/dev/a", cex: { enabled: true } }] }, "3.5.0"),
  ],
  ["timeouts", ignition({ timeouts: { httpTotal: 0, httpResponseHeaders: 10 } })],
  [
    "a proxy",
    ignition({
      proxy: { httpProxy: "http://a:1", httpsProxy: "https://a:1/", noProxy: ["b", "*"] },
    }),
  ],
  ["a plain proxy", ignition({ proxy: { httpsProxy: "http://a" } }), ["ErrInsecureProxy"]],
  [
    "a certificate authority",
    ignition({
      security: {
        tls: { certificateAuthorities: [{ source: "https://a/ca", verification: { hash } }] },
      },
    }),
  ],
  [
    "a config merged on the machine",
    ignition({ config: { merge: [{ source: "https://a/b", verification: { hash } }] } }),
    ["MergedAtBoot"],
  ],
  [
    "a file under /usr/local",
    build({ files: [file("/usr/local/bin/a", { content: "" })] }),
    ["UnportablePath"],
  ],
  [
    "a mode written in decimal",
    build({ files: [file("/etc/a", { content: "", mode: 440 })] }),
    ["DecimalMode"],
  ],
  [
    "contents of a masked unit",
    build({ units: [{ name: "a.service", mask: true, contents: "[Unit]\n" }] }),
    ["MaskedContents"],
  ],
  [
    "an enabled template",
    build({ units: [unit("a@.service", { contents: service, enabled: true })] }),
    ["TemplateEnabled"],
  ],
  [
    "an enabled template with an instance",
    build({
      units: [unit("a@.service", { contents: `${service}DefaultInstance=b\n`, enabled: true })],
    }),
  ],
];
