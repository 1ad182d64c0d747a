// SPDX-License-Identifier: Apache-2.0
// Disks, RAID, file systems and LUKS volumes that Ignition's validator refuses, with its code. For validate.test.ts.
import type { WrongConfig } from "./wrong-configs.ts";

const config = (parts: object, version = "3.3.0") => ({ ignition: { version }, ...parts });
const partitions = (...entries: object[]) =>
  config({ storage: { disks: [{ device: "/dev/vda", partitions: entries }] } });
const filesystem = (entry: object) =>
  config({ storage: { filesystems: [{ device: "/dev/vdb", ...entry }] } });
const raid = (entry: object) => config({ storage: { raid: [{ name: "data", ...entry }] } });
const luks = (entry: object, version = "3.3.0") =>
  config({ storage: { luks: [{ name: "data", device: "/dev/vdb", ...entry }] } }, version);
const clevis = (entry: object) => luks({ clevis: entry });

export const wrongStorageConfigs: readonly WrongConfig[] = [
  ["a disk without a device", "ErrDiskDeviceRequired", config({ storage: { disks: [{}] } })],
  [
    "a LUKS volume without a device",
    "ErrDiskDeviceRequired",
    config({ storage: { luks: [{ name: "a" }] } }),
  ],
  [
    "a partition number twice",
    "ErrPartitionNumbersCollide",
    partitions({ number: 1 }, { number: 1, label: "b" }),
  ],
  [
    "overlapping partitions",
    "ErrPartitionsOverlap",
    partitions({ number: 1, startMiB: 1, sizeMiB: 10 }, { number: 2, startMiB: 10, sizeMiB: 5 }),
  ],
  [
    "a partition that takes the rest inside another",
    "ErrPartitionsOverlap",
    partitions({ number: 1, startMiB: 1, sizeMiB: 10 }, { number: 2, startMiB: 5, sizeMiB: 0 }),
  ],
  [
    "a partition around another",
    "ErrPartitionsOverlap",
    partitions({ number: 1, startMiB: 5, sizeMiB: 2 }, { number: 2, startMiB: 1, sizeMiB: 20 }),
  ],
  [
    "a partition label twice",
    "ErrDuplicateLabels",
    partitions({ number: 1, label: "a" }, { number: 2, label: "a" }),
  ],
  ["a partition without number and label", "ErrNeedLabelOrNumber", partitions({ sizeMiB: 1 })],
  ["a long partition label", "ErrLabelTooLong", partitions({ label: "a".repeat(37) })],
  ["a partition label long in bytes", "ErrLabelTooLong", partitions({ label: "ä".repeat(19) })],
  ["a partition label with a colon", "ErrLabelContainsColon", partitions({ label: "a:b" })],
  [
    "a partition GUID of the wrong form",
    "ErrDoesntMatchGUIDRegex",
    partitions({ number: 1, guid: "1" }),
  ],
  [
    "a partition type GUID of the wrong form",
    "ErrDoesntMatchGUIDRegex",
    partitions({ number: 1, typeGuid: "linux" }),
  ],
  [
    "a partition to remove with a label",
    "ErrShouldNotExistWithOthers",
    partitions({ number: 1, label: "a", shouldExist: false }),
  ],
  [
    "a partition to remove beside one without a number",
    "ErrZeroesWithShouldNotExist",
    partitions({ number: 1, shouldExist: false }, { label: "a" }),
  ],
  ["a RAID array without a level", "ErrRaidLevelRequired", raid({ devices: ["/dev/a"] })],
  ["an unknown RAID level", "ErrUnrecognizedRaidLevel", raid({ level: "7", devices: ["/dev/a"] })],
  [
    "spares in a stripe",
    "ErrSparesUnsupportedForLevel",
    raid({ level: "stripe", spares: 1, devices: ["/dev/a"] }),
  ],
  ["a RAID array without devices", "ErrRaidDevicesRequired", raid({ level: "1" })],
  ["a relative RAID device", "ErrPathRelative", raid({ level: "1", devices: ["a"] })],
  ["an unknown file system", "ErrFilesystemInvalidFormat", filesystem({ format: "zfs" })],
  [
    "a file system that is a JavaScript property",
    "ErrFilesystemInvalidFormat",
    filesystem({ format: "toString" }),
  ],
  ["a mount point without a format", "ErrFormatNilWithOthers", filesystem({ path: "/var" })],
  [
    "mount options without a format",
    "ErrFormatNilWithOthers",
    filesystem({ mountOptions: ["ro"] }),
  ],
  ["a label without a format", "ErrLabelNeedsFormat", filesystem({ label: "a" })],
  [
    "a long ext4 label",
    "ErrExt4LabelTooLong",
    filesystem({ format: "ext4", label: "a".repeat(17) }),
  ],
  [
    "a long btrfs label",
    "ErrBtrfsLabelTooLong",
    filesystem({ format: "btrfs", label: "a".repeat(257) }),
  ],
  ["a long xfs label", "ErrXfsLabelTooLong", filesystem({ format: "xfs", label: "a".repeat(13) })],
  [
    "a long swap label",
    "ErrSwapLabelTooLong",
    filesystem({ format: "swap", label: "a".repeat(16) }),
  ],
  [
    "a long vfat label",
    "ErrVfatLabelTooLong",
    filesystem({ format: "vfat", label: "ä".repeat(6) }),
  ],
  ["a LUKS name with a slash", "ErrLuksNameContainsSlash", luks({ name: "a/b" })],
  ["a long LUKS label", "ErrLuksLabelTooLong", luks({ label: "a".repeat(48) })],
  ["a key file with a bad source", "ErrInvalidLuksKeyFile", luks({ keyFile: { source: "x" } })],
  [
    "a custom Clevis config without a pin",
    "ErrClevisPinRequired",
    clevis({ custom: { config: "{}" } }),
  ],
  [
    "a custom Clevis pin without a config",
    "ErrClevisConfigRequired",
    clevis({ custom: { pin: "tpm2" } }),
  ],
  ["an unknown Clevis pin", "ErrUnknownClevisPin", clevis({ custom: { pin: "a", config: "{}" } })],
  [
    "a custom Clevis pin beside tpm2",
    "ErrClevisCustomWithOthers",
    clevis({ tpm2: true, custom: { pin: "sss", config: "{}" } }),
  ],
  [
    "a Tang server without a thumbprint",
    "ErrTangThumbprintRequired",
    clevis({ tang: [{ url: "http://a" }] }),
  ],
  [
    "a Tang server of another scheme",
    "ErrInvalidScheme",
    clevis({ tang: [{ url: "ftp://a", thumbprint: "x" }] }),
  ],
  ["a Tang server without a URL", "ErrInvalidScheme", clevis({ tang: [{ thumbprint: "x" }] })],
  [
    "a Tang advertisement that is not JSON",
    "ErrInvalidTangAdvertisement",
    luks({ clevis: { tang: [{ url: "http://a", thumbprint: "x", advertisement: "{" }] } }, "3.4.0"),
  ],
  [
    "cex beside Clevis",
    "ErrCexWithClevis",
    luks({ cex: { enabled: true }, clevis: { tpm2: true } }, "3.5.0"),
  ],
  [
    "cex beside a key file",
    "ErrCexWithKeyFile",
    luks({ cex: { enabled: true }, keyFile: { source: "data:,a" } }, "3.5.0"),
  ],
];
