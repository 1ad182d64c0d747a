// SPDX-License-Identifier: Apache-2.0
// Every code a finding can carry, how severe it is and what it means: the table of docs/ignition.md.
// Codes that start with Err are Ignition's own names for its own rules; the others are rules of ours.
import type { Severity } from "./finding.ts";

interface Rule {
  readonly severity: Severity;
  readonly meaning: string;
}

function error(meaning: string): Rule {
  return { severity: "error", meaning };
}

function warning(meaning: string): Rule {
  return { severity: "warning", meaning };
}

/** The rules by code. */
export const rules = {
  // The document
  ErrInvalid: error("not JSON, or a value of the wrong kind"),
  ErrInvalidVersion: error("the spec version is missing or is no version"),
  ErrUnknownVersion: error("a spec version that Ignition 2.24 does not take as stable"),
  ErrDuplicate: error("the same entry twice in a list"),
  UnusedKey: error("a field Ignition does not have, which it would skip"),
  VersionTooLow: error(
    "a field that is newer than the declared spec version, which Ignition would skip",
  ),
  ReplacesConfig: error("`ignition.config.replace` throws away everything else"),
  MergedAtBoot: warning("`ignition.config.merge` is merged on the machine, after all checks"),
  IllegalTimeout: error("a negative timeout"),
  // Paths
  ErrNoPath: error("a path is missing"),
  ErrPathRelative: error("a path does not start with /"),
  ErrDirtyPath: error("a path has //, /./, /../ or a slash at its end"),
  IllegalPath: error(
    "a path is too long, has control characters, or is / where a file or link is wanted",
  ),
  UnwritablePath: error(
    "a path in a place that is a kernel file system, emptied at boot, or read-only",
  ),
  UnportablePath: warning("a path under /usr/local, which is read-only on Flatcar"),
  ErrFileUsedSymlink: error("a file lies below a link of the config"),
  ErrDirectoryUsedSymlink: error("a directory lies below a link of the config"),
  ErrLinkUsedSymlink: error("a link lies below a link of the config"),
  PathBelowFile: error("an entry lies below a file of the config"),
  UnitBelowLink: error("a unit or drop-in lies below a link of the config"),
  ErrPathConflictsSystemd: error(
    "a file, directory or link has the path of a unit or drop-in of the config",
  ),
  // Files, directories, links
  ErrLinkTargetRequired: error("a link has no target"),
  ErrHardLinkToDirectory: error("a hard link to a directory"),
  ErrHardLinkSpecifiesOwner: warning("owner or group on a hard link, which has none of its own"),
  LinkLoop: error("a link that points to itself"),
  ErrBothIDAndNameSet: error("both id and name of a user or group"),
  ErrFileIllegalMode: error("a mode outside 0 to 07777"),
  ErrModeSpecialBits: warning(
    "setuid, setgid or sticky bits, which Ignition drops below spec 3.6.0",
  ),
  DecimalMode: warning("a decimal number that looks like an octal mode, as 644 for 0o644"),
  ErrOverwriteAndNilSource: error("a file to overwrite without contents"),
  // Sources
  ErrSourceRequired: error("a source is missing"),
  ErrInvalidUrl: error("a URL that cannot be parsed, or headers without a URL"),
  ErrInvalidScheme: error("a URL scheme that Ignition does not fetch"),
  InvalidDataUrl: error("a data URL that cannot be decoded"),
  ErrCompressionInvalid: error("a compression other than gzip"),
  InvalidGzip: error("gzip compression, but the inline data is not gzip"),
  ErrVerificationAndNilSource: error("a hash without a source"),
  ErrHashMalformed: error("a hash that is not function-digest"),
  ErrHashUnrecognized: error("a hash function other than sha512 and sha256"),
  ErrHashWrongSize: error("a digest of the wrong length"),
  IllegalDigest: error("a digest that is not lower-case hexadecimal"),
  HashMismatch: error("inline data that its own hash does not match"),
  RemoteSourceWithoutHash: error("something from the network without a sha512"),
  InheritedVerification: error(
    "a snippet replaces a source but inherits the hash or compression of the old one",
  ),
  ErrInvalidS3ARN: error("an ARN that is not one of an S3 object"),
  ErrInvalidS3ObjectVersionId: error("an empty versionId in an S3 URL"),
  ErrEmptyHTTPHeaderName: error("an HTTP header without a name"),
  ErrInvalidHTTPHeader: error("an HTTP header without a value"),
  ErrUnsupportedSchemeForHTTPHeaders: error("HTTP headers on a source that is not http or https"),
  ErrInvalidProxy: error("a proxy URL that is not http or https"),
  ErrInsecureProxy: warning("an http proxy for https"),
  // Disks
  ErrDiskDeviceRequired: error("a disk or LUKS volume without a device"),
  ErrPartitionNumbersCollide: error("a partition number twice on one disk"),
  ErrPartitionsOverlap: error("partitions that overlap"),
  ErrZeroesWithShouldNotExist: error("a partition to remove beside one without a number"),
  ErrDuplicateLabels: error("a partition label twice on one disk"),
  ErrNeedLabelOrNumber: error("a partition without number and label"),
  ErrLabelTooLong: error("a partition label of more than 36 bytes"),
  ErrLabelContainsColon: error("a partition label with a colon"),
  ErrDoesntMatchGUIDRegex: error("a GUID of the wrong form"),
  ErrShouldNotExistWithOthers: error("a partition to remove that has other properties"),
  IllegalPartition: error("a negative number, start or size"),
  ErrRaidLevelRequired: error("a RAID array without a level"),
  ErrUnrecognizedRaidLevel: error("a RAID level that does not exist"),
  ErrSparesUnsupportedForLevel: error("spares in a linear or striped array"),
  ErrRaidDevicesRequired: error("a RAID array without devices"),
  // File systems and LUKS
  ErrFilesystemInvalidFormat: error("a file system format that Ignition does not make"),
  ErrFormatNilWithOthers: error("a file system with properties but no format"),
  ErrLabelNeedsFormat: error("a file system with a label but no format"),
  ErrExt4LabelTooLong: error("an ext4 label of more than 16 bytes"),
  ErrBtrfsLabelTooLong: error("a btrfs label of more than 256 bytes"),
  ErrXfsLabelTooLong: error("an xfs label of more than 12 bytes"),
  ErrSwapLabelTooLong: error("a swap label of more than 15 bytes"),
  ErrVfatLabelTooLong: error("a vfat label of more than 11 bytes"),
  ErrPartitionsOverwritten: warning("a file system on a whole disk that the config partitions"),
  ErrFilesystemImplicitWipe: warning("a file system on a disk whose table is wiped"),
  DuplicateMountPoint: error("two file systems at one path"),
  ErrLuksNameContainsSlash: error("a LUKS name with a slash"),
  IllegalLuksName: error("an empty LUKS or RAID name"),
  ErrLuksLabelTooLong: error("a LUKS label of more than 47 bytes"),
  ErrInvalidLuksKeyFile: error("a LUKS key file with a bad source"),
  ErrUnknownClevisPin: error("a Clevis pin other than tpm2, tang and sss"),
  ErrClevisPinRequired: error("a custom Clevis config without a pin"),
  ErrClevisConfigRequired: error("a custom Clevis pin without a config"),
  ErrClevisCustomWithOthers: error("a custom Clevis pin beside tpm2, tang or threshold"),
  ErrTangThumbprintRequired: error("a Tang server without a thumbprint"),
  ErrInvalidTangAdvertisement: error("a Tang advertisement that is not JSON"),
  ErrCexWithClevis: error("cex beside Clevis"),
  ErrCexWithKeyFile: error("cex beside a key file"),
  // systemd
  ErrInvalidSystemdExt: error("a unit name without one of systemd's suffixes"),
  IllegalUnitName: error("a unit name systemd does not take"),
  ErrInvalidSystemdDropinExt: error("a drop-in name that does not end in .conf"),
  IllegalDropinName: error("a drop-in name with a slash or a control character"),
  InvalidUnitContents: error("unit text that cannot be parsed"),
  NoInstallSection: warning(
    "an enabled unit without an [Install] section, so enabling does nothing",
  ),
  NoInstallSectionForInstance: warning(
    "an enabled instance whose template has no [Install] section",
  ),
  EnabledAndMasked: error("a unit both enabled and masked"),
  MaskedContents: warning("contents on a masked unit, which masking removes"),
  TemplateEnabled: warning("an enabled template without instance or DefaultInstance="),
  // Users and kernel arguments
  IllegalUserName: error("a user or group name that useradd refuses"),
  IllegalSshKey: error("an SSH key that sshd does not read"),
  IllegalKernelArgument: error("a kernel argument that is empty or has line breaks"),
} as const satisfies Record<string, Rule>;

/** A code of {@link rules}. */
export type Code = keyof typeof rules;
