// SPDX-License-Identifier: Apache-2.0
// The published entry point: build, merge, validate, render.
export type { IgnitionConfig } from "ignition-config-types";
export { build, type Parts } from "./build/config.ts";
export {
  type DiskOptions,
  disk,
  type FilesystemFormat,
  type FilesystemOptions,
  filesystem,
} from "./build/disk.ts";
export {
  type Content,
  type DirectoryOptions,
  directory,
  type FileOptions,
  file,
  hardLink,
  type Inline,
  type NodeOptions,
  type Remote,
  resource,
  symlink,
} from "./build/file.ts";
export { type GroupOptions, group, type UserOptions, user } from "./build/passwd.ts";
export { dropin, maskedUnit, type UnitOptions, unit } from "./build/unit.ts";
export { type Code, rules } from "./codes.ts";
export { dataUrl, decodeDataUrl } from "./data-url.ts";
export { errorsOf, type Finding, type Severity } from "./finding.ts";
export { type Merged, merge, type NamedConfig } from "./merge.ts";
export { parseSnippet, SnippetError } from "./parse.ts";
export { byteSize, render } from "./render.ts";
export { sshKeyProblem } from "./validate/passwd.ts";
export { validate } from "./validate/validate.ts";
export { minimumVersion, type SpecVersion, specVersions } from "./version.ts";
