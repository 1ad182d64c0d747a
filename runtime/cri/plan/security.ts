// SPDX-License-Identifier: Apache-2.0
// What a container may do: the CRI's security context in the words of the plan.
import { InvalidManifestError, UsageError } from "../../errors.ts";
import type { AppPlan, SeccompChoice } from "../../stage1/app-plan.ts";
import {
  DEFAULT_MASKED_PATHS,
  DEFAULT_READONLY_PATHS,
  privilegedFields,
} from "../../stage1/app-plan.ts";
import { DEFAULT_CAPABILITIES, planCapabilities } from "../../stage1/capabilities.ts";
import type { SeccompProfile } from "../../stage1/oci/seccomp.ts";
import {
  type LinuxContainerSecurityContext,
  SecurityProfile_ProfileType as ProfileType,
  type SecurityProfile,
} from "../api-schema.ts";

export type SecurityFields = Pick<
  AppPlan,
  | "privileged"
  | "capabilities"
  | "maskedPaths"
  | "readOnlyPaths"
  | "seccomp"
  | "apparmorProfile"
  | "noNewPrivileges"
  | "readOnlyRootfs"
>;

/** `profile` is the file that a Localhost seccomp profile names, read by the caller. */
export function securityFields(
  context: LinuxContainerSecurityContext | undefined,
  uid: number,
  profile: SeccompProfile | undefined,
): SecurityFields {
  const privileged = context?.privileged === true;
  return {
    ...(privileged ? privilegedFields() : restrictedFields(context, uid, profile)),
    apparmorProfile: privileged ? "" : apparmorProfile(context),
    noNewPrivileges: context?.noNewPrivs ?? false,
    readOnlyRootfs: context?.readonlyRootfs ?? false,
  };
}

function restrictedFields(
  context: LinuxContainerSecurityContext | undefined,
  uid: number,
  profile: SeccompProfile | undefined,
): ReturnType<typeof privilegedFields> {
  return {
    privileged: false,
    capabilities: planCapabilities({
      base: DEFAULT_CAPABILITIES,
      add: context?.capabilities?.addCapabilities ?? [],
      drop: context?.capabilities?.dropCapabilities ?? [],
      ambient: context?.capabilities?.addAmbientCapabilities ?? [],
      uid,
    }),
    // Empty lists are an answer too (procMount: Unmasked); only silence means the defaults.
    maskedPaths: context === undefined ? DEFAULT_MASKED_PATHS : context.maskedPaths,
    readOnlyPaths: context === undefined ? DEFAULT_READONLY_PATHS : context.readonlyPaths,
    seccomp: seccompChoice(context?.seccomp, profile),
  };
}

/** The file of a Localhost profile; undefined for the other kinds. */
export function seccompFile(
  context: LinuxContainerSecurityContext | undefined,
): string | undefined {
  const profile = context?.seccomp;
  if (context?.privileged === true || profile?.profileType !== ProfileType.Localhost) {
    return undefined;
  }
  if (!profile.localhostRef.startsWith("/")) {
    throw new UsageError(
      `Cannot use seccomp profile "${profile.localhostRef}": expected an absolute path`,
    );
  }
  return profile.localhostRef;
}

/** No field at all means unconfined, an empty one RuntimeDefault: it is the enum's zero. */
function seccompChoice(
  wish: SecurityProfile | undefined,
  profile: SeccompProfile | undefined,
): SeccompChoice {
  switch (wish?.profileType) {
    case undefined:
    case ProfileType.Unconfined:
      return { kind: "unconfined" };
    case ProfileType.RuntimeDefault:
      return { kind: "runtime-default" };
    case ProfileType.Localhost:
      if (profile === undefined) {
        throw new UsageError(`Cannot use seccomp profile "${wish?.localhostRef}": it was not read`);
      }
      return { kind: "profile", profile };
    default:
      throw unknownProfile("seccomp", wish?.profileType);
  }
}

/** RuntimeDefault is no profile: we ship none. */
function apparmorProfile(context: LinuxContainerSecurityContext | undefined): string {
  const wish = context?.apparmor;
  switch (wish?.profileType) {
    case undefined:
    case ProfileType.RuntimeDefault:
    case ProfileType.Unconfined:
      return "";
    case ProfileType.Localhost:
      return wish?.localhostRef.replace(/^localhost\//, "") ?? "";
    default:
      throw unknownProfile("AppArmor", wish?.profileType);
  }
}

function unknownProfile(what: string, type: unknown): InvalidManifestError {
  return new InvalidManifestError(
    `Cannot use ${what} profile type ${String(type)}: expected RuntimeDefault, Unconfined or Localhost`,
  );
}
