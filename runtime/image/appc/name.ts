// SPDX-License-Identifier: Apache-2.0
// Names of appc: ACIdentifier (`corefly.dev/kubernetes`), ACName (`kube-proxy`), and what users type: `NAME[:VERSION][,LABEL=VALUE…]`.
import { UsageError } from "../../errors.ts";

const AC_IDENTIFIER = /^[a-z0-9]+([-._~/][a-z0-9]+)*$/;
const AC_NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;

export function isAcIdentifier(text: string): boolean {
  return AC_IDENTIFIER.test(text);
}

export function isAcName(text: string): boolean {
  return AC_NAME.test(text);
}

export interface AppcReference {
  readonly name: string;
  /** Only those that were asked for: version, os, arch, … */
  readonly labels: Readonly<Record<string, string>>;
}

/** Throws UsageError when `text` is no name of an appc image. */
export function parseAppcReference(text: string): AppcReference {
  const [head = "", ...pairs] = text.split(",");
  const colon = head.indexOf(":");
  const name = colon < 0 ? head : head.slice(0, colon);
  const version = colon < 0 ? undefined : head.slice(colon + 1);
  if (!isAcIdentifier(name)) {
    throw new UsageError(`Cannot use image name "${text}": "${name}" is no appc image name`);
  }
  if (version === "") {
    throw new UsageError(`Cannot use image name "${text}": the version after ":" is empty`);
  }
  const labels = new Map<string, string>(version === undefined ? [] : [["version", version]]);
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    const label = pair.slice(0, Math.max(equals, 0));
    if (!isAcIdentifier(label) || label === "name" || labels.has(label)) {
      throw new UsageError(
        `Cannot use image name "${text}": label "${pair}" is not LABEL=VALUE, or twice there`,
      );
    }
    labels.set(label, pair.slice(equals + 1));
  }
  return { name, labels: Object.fromEntries(labels) };
}

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: "amd64",
  arm64: "aarch64",
  ia32: "i386",
  386: "i386",
};

/** What appc calls an architecture that Node (x64) or OCI (amd64) named. */
export function appcArchitecture(architecture: string): string {
  return ARCHITECTURES[architecture] ?? architecture;
}
