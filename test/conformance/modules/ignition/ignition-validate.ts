// SPDX-License-Identifier: Apache-2.0
// Runs Ignition's own validator and reads its report in our codes. For the tests beside it.
import { spawnSync } from "node:child_process";
import type { Code } from "../../../../modules/ignition/index.ts";

/** One line of its report. */
export interface Verdict {
  readonly severity: string;
  readonly path: string;
  readonly code: Code;
  readonly message: string;
}

/** Its whole report; `refused` is its exit status. */
export interface Report {
  readonly refused: boolean;
  readonly verdicts: readonly Verdict[];
}

/** Puts the text of a config to the validator. */
export function ignitionValidate(program: string, text: string): Report {
  const { status, stdout, stderr, error } = spawnSync(program, ["-"], {
    input: text,
    encoding: "utf8",
  });
  if (error !== undefined) throw new Error(`Cannot run "${program}"`, { cause: error });
  const lines = `${stdout}${stderr}`.split("\n").filter((line) => line.trim() !== "");
  return { refused: status !== 0, verdicts: lines.map(parseLine) };
}

function parseLine(line: string): Verdict {
  const match =
    /^(error|warning)(?: at ([^,:]+)(?:, line \d+ col \d+)?| at line \d+ col \d+)?: (.*)$/.exec(
      line,
    );
  const [, severity = "error", path = "$", message = line] = match ?? [];
  return { severity, path, code: codeOf(message, path), message };
}

function codeOf(message: string, path: string): Code {
  const known = texts.find(([text]) => message.includes(text))?.[1];
  // What has no text of its own comes from Go's JSON decoder, or from the parser of data URLs
  return known ?? (path.endsWith("source") ? "InvalidDataUrl" : "ErrInvalid");
}

// The texts of config/shared/errors/errors.go, github.com/coreos/ignition/v2@v2.24.0
const texts: readonly (readonly [string, Code])[] = [
  ["config is not valid", "ErrInvalid"],
  ["duplicate entry defined", "ErrDuplicate"],
  ["invalid config version (couldn't parse)", "ErrInvalidVersion"],
  ["unsupported config version", "ErrUnknownVersion"],
  ["invalid compression method", "ErrCompressionInvalid"],
  ["file path includes link in config", "ErrFileUsedSymlink"],
  ["directory path includes link in config", "ErrDirectoryUsedSymlink"],
  ["link path includes link in config", "ErrLinkUsedSymlink"],
  ["link target is required", "ErrLinkTargetRequired"],
  ["hard link target is a directory", "ErrHardLinkToDirectory"],
  ["user/group ignored for hard link", "ErrHardLinkSpecifiesOwner"],
  ["disk device is required", "ErrDiskDeviceRequired"],
  ["partition numbers collide", "ErrPartitionNumbersCollide"],
  ["partitions overlap", "ErrPartitionsOverlap"],
  ["overwrite must be false if source is unspecified", "ErrOverwriteAndNilSource"],
  ["source must be specified if verification is specified", "ErrVerificationAndNilSource"],
  ["invalid filesystem format", "ErrFilesystemInvalidFormat"],
  ["filesystem must specify format if label is specified", "ErrLabelNeedsFormat"],
  ["format cannot be empty when path", "ErrFormatNilWithOthers"],
  ["when using ext4", "ErrExt4LabelTooLong"],
  ["when using btrfs", "ErrBtrfsLabelTooLong"],
  ["when using xfs", "ErrXfsLabelTooLong"],
  ["when using swap", "ErrSwapLabelTooLong"],
  ["when using vfat", "ErrVfatLabelTooLong"],
  ["luks device labels cannot be longer", "ErrLuksLabelTooLong"],
  ["device names cannot contain slashes", "ErrLuksNameContainsSlash"],
  ["invalid key-file source", "ErrInvalidLuksKeyFile"],
  ["missing required custom clevis pin", "ErrClevisPinRequired"],
  ["unsupported clevis pin", "ErrUnknownClevisPin"],
  ["missing required custom clevis config", "ErrClevisConfigRequired"],
  ["cannot use custom clevis config with", "ErrClevisCustomWithOthers"],
  ["thumbprint is required", "ErrTangThumbprintRequired"],
  ["advertisement is not valid JSON", "ErrInvalidTangAdvertisement"],
  ["illegal file mode", "ErrFileIllegalMode"],
  ["setuid/setgid/sticky bits", "ErrModeSpecialBits"],
  ["cannot set both id and name", "ErrBothIDAndNameSet"],
  ["partition labels may not exceed 36 characters", "ErrLabelTooLong"],
  ["doesn't match the form", "ErrDoesntMatchGUIDRegex"],
  ["partition label will be truncated", "ErrLabelContainsColon"],
  ["path not specified", "ErrNoPath"],
  ["path not absolute", "ErrPathRelative"],
  ["path is not fully simplified", "ErrDirtyPath"],
  ["filesystem overwrites partitioned device", "ErrPartitionsOverwritten"],
  ["device matches disk with wipeTable enabled", "ErrFilesystemImplicitWipe"],
  ["raid level is required", "ErrRaidLevelRequired"],
  ["spares unsupported for linear and raid0", "ErrSparesUnsupportedForLevel"],
  ["unrecognized raid level", "ErrUnrecognizedRaidLevel"],
  ["raid devices required", "ErrRaidDevicesRequired"],
  ["shouldExist specified false with other options", "ErrShouldNotExistWithOthers"],
  ["shouldExist is false for a partition and other", "ErrZeroesWithShouldNotExist"],
  ["a partition number >= 1 or a label must be", "ErrNeedLabelOrNumber"],
  ["cannot use the same partition label twice", "ErrDuplicateLabels"],
  ["proxies must be http(s)", "ErrInvalidProxy"],
  ["insecure plaintext HTTP proxy", "ErrInsecureProxy"],
  ["path conflicts with systemd unit or dropin", "ErrPathConflictsSystemd"],
  ["cannot use cex with clevis", "ErrCexWithClevis"],
  ["cannot use key file with cex", "ErrCexWithKeyFile"],
  ["invalid systemd unit extension", "ErrInvalidSystemdExt"],
  ["invalid systemd drop-in extension", "ErrInvalidSystemdDropinExt"],
  ["source is required", "ErrSourceRequired"],
  ["invalid url scheme", "ErrInvalidScheme"],
  ["unable to parse url", "ErrInvalidUrl"],
  ["unable to parse HTTP header", "ErrInvalidHTTPHeader"],
  ["HTTP header name can't be empty", "ErrEmptyHTTPHeaderName"],
  ["cannot use HTTP headers with this source scheme", "ErrUnsupportedSchemeForHTTPHeaders"],
  ["malformed hash specifier", "ErrHashMalformed"],
  ["incorrect size for hash sum", "ErrHashWrongSize"],
  ["unrecognized hash function", "ErrHashUnrecognized"],
  ["invalid S3 ARN format", "ErrInvalidS3ARN"],
  ["invalid S3 object VersionId", "ErrInvalidS3ObjectVersionId"],
  ["but has no install section so enable does nothing", "NoInstallSection"],
  ["doesn't have Install section", "NoInstallSectionForInstance"],
  ["invalid unit content", "InvalidUnitContents"],
  ["unused key", "UnusedKey"],
];
