// SPDX-License-Identifier: Apache-2.0
// An app's plan as the config.json that crun runs (OCI runtime specification 1.x). Pure: prints the same for the same input.
import { UsageError } from "../../errors.ts";
import { type AppPlan, DEFAULT_PATH, type NamespaceChoice } from "../app-plan.ts";
import { limitCapabilities } from "../capabilities.ts";
import { cgroupsPath } from "./cgroup-path.ts";
import { DEFAULT_SECCOMP_PROFILE } from "./default-seccomp-profile.ts";
import type { HostFacts } from "./host-facts.ts";
import { ociMounts, rootfsPropagation } from "./mounts.ts";
import { ociDevices, ociResources } from "./resources.ts";
import { resolveSeccomp } from "./seccomp.ts";
import type { OciNamespace, OciProcess, OciSeccomp, OciSpec } from "./spec-types.ts";

/** HOST_NAME_MAX of Linux. */
const HOSTNAME_MAX = 64;

/** Builds config.json. Throws UsageError for a plan that no runtime could carry out. */
export function ociSpec(plan: AppPlan, host: HostFacts): OciSpec {
  requireSound(plan);
  const capabilities = limitCapabilities(plan.capabilities, host.capabilities);
  const seccomp = seccompRules(plan, host, capabilities.bounding);
  return {
    ociVersion: "1.0.2",
    process: ociProcess(plan, host),
    root: { path: plan.rootfs, readonly: plan.readOnlyRootfs },
    ...(plan.hostname !== "" && plan.namespaces.uts !== "host" ? { hostname: plan.hostname } : {}),
    mounts: ociMounts(plan),
    annotations: { ...plan.annotations, ...scopeProperties(plan, host) },
    linux: {
      namespaces: ociNamespaces(plan, host),
      devices: ociDevices(plan, host),
      cgroupsPath: cgroupsPath(plan, host.cgroupDriver),
      resources: ociResources(plan, host),
      rootfsPropagation: rootfsPropagation(plan.mounts),
      ...(seccomp === undefined ? {} : { seccomp }),
      maskedPaths: plan.maskedPaths,
      readonlyPaths: plan.readOnlyPaths,
      sysctl: plan.sysctls,
      ...(plan.selinuxLabel === "" ? {} : { mountLabel: plan.selinuxLabel }),
    },
  };
}

/** Properties of the app's systemd scope, in crun(1)'s notation `org.systemd.property.NAME`. */
function scopeProperties(
  { stopGraceSeconds }: AppPlan,
  { cgroupDriver }: HostFacts,
): Readonly<Record<string, string>> {
  return cgroupDriver !== "systemd" || stopGraceSeconds === undefined
    ? {}
    : { "org.systemd.property.TimeoutStopUSec": `uint64 ${stopGraceSeconds * 1_000_000}` };
}

/** The process part alone: also what `crun exec --process` takes. */
export function ociProcess(plan: AppPlan, host: HostFacts): OciProcess {
  return {
    terminal: plan.terminal,
    user: {
      uid: plan.uid,
      gid: plan.gid,
      // With the primary group: a file that its group may *not* read must not open to an app whose first act is to
      // change its primary group (CVE-2022-36109).
      additionalGids: [...new Set([plan.gid, ...plan.supplementaryGids])],
    },
    args: plan.args,
    env: environmentOf(plan),
    cwd: plan.workingDirectory === "" ? "/" : plan.workingDirectory,
    capabilities: limitCapabilities(plan.capabilities, host.capabilities),
    rlimits: plan.rlimits,
    noNewPrivileges: plan.noNewPrivileges,
    ...(plan.oomScoreAdj === undefined
      ? {}
      : { oomScoreAdj: possibleOomScoreAdj(plan.oomScoreAdj, host) }),
    ...(plan.apparmorProfile === "" ? {} : { apparmorProfile: plan.apparmorProfile }),
    ...(plan.selinuxLabel === "" ? {} : { selinuxLabel: plan.selinuxLabel }),
  };
}

/** What of the plan this host cannot give, one line each; callers log a line once and not for every app. */
export function hostLimits(plan: AppPlan, host: HostFacts): readonly string[] {
  const missing = plan.capabilities.bounding.filter((name) => !host.capabilities.includes(name));
  const { oomScoreAdj, resources } = plan;
  const clamped = oomScoreAdj === undefined ? undefined : possibleOomScoreAdj(oomScoreAdj, host);
  return [
    ...(missing.length === 0
      ? []
      : [`Apps run without ${missing.join(", ")}: corefly itself does not have them`]),
    ...(clamped === oomScoreAdj
      ? []
      : [
          `Apps get oom_score_adj ${clamped} at least: lower values need CAP_SYS_RESOURCE, which corefly does not have`,
        ]),
    ...(host.cgroupLayout !== "v2" && Object.keys(resources.unified ?? {}).length > 0
      ? ["Limits given as cgroup v2 files are ignored: this host has cgroup v1"]
      : []),
    ...(resources.memorySwapBytes !== undefined && !host.swapAccounting
      ? ["Swap limits are ignored: this kernel does not count swap"]
      : []),
  ];
}

function possibleOomScoreAdj(wanted: number, host: HostFacts): number {
  return host.capabilities.includes("CAP_SYS_RESOURCE")
    ? wanted
    : Math.max(wanted, host.oomScoreAdj);
}

function environmentOf(plan: AppPlan): readonly string[] {
  const has = (name: string) => plan.environment.some((variable) => variable.name === name);
  return [
    ...(has("PATH") ? [] : [`PATH=${DEFAULT_PATH}`]),
    ...(plan.hostname === "" || has("HOSTNAME") ? [] : [`HOSTNAME=${plan.hostname}`]),
    ...(plan.terminal && !has("TERM") ? ["TERM=xterm"] : []),
    ...plan.environment.map(({ name, value }) => `${name}=${value}`),
  ];
}

function ociNamespaces(plan: AppPlan, host: HostFacts): readonly OciNamespace[] {
  const { network, pid, ipc, uts, cgroup } = plan.namespaces;
  const one = (type: OciNamespace["type"], choice: NamespaceChoice): readonly OciNamespace[] =>
    choice === "host" ? [] : [choice === "new" ? { type } : { type, path: choice.path }];
  return [
    { type: "mount" },
    ...one("network", network),
    ...one("pid", pid),
    ...one("ipc", ipc),
    ...one("uts", uts),
    // A cgroup namespace of version 1 would hide the controllers' real paths from nobody: hosts with v1 never had one.
    ...(host.cgroupLayout === "v2" ? one("cgroup", cgroup) : []),
  ];
}

function seccompRules(
  plan: AppPlan,
  host: HostFacts,
  capabilities: readonly string[],
): OciSeccomp | undefined {
  if (plan.seccomp.kind === "unconfined") {
    return undefined;
  }
  const profile = plan.seccomp.kind === "profile" ? plan.seccomp.profile : DEFAULT_SECCOMP_PROFILE;
  return resolveSeccomp(profile, {
    capabilities,
    architecture: host.architecture,
    kernelRelease: host.kernelRelease,
  });
}

function requireSound(plan: AppPlan): void {
  const fail = (why: string): never => {
    throw new UsageError(`Cannot plan app "${plan.appName}": ${why}`);
  };
  if (plan.args.length === 0 || plan.args[0] === "") {
    fail("it has no command");
  }
  if (plan.workingDirectory !== "" && !plan.workingDirectory.startsWith("/")) {
    fail(`working directory "${plan.workingDirectory}" is not an absolute path`);
  }
  if (plan.hostname.length > HOSTNAME_MAX) {
    fail(`hostname "${plan.hostname}" is longer than ${HOSTNAME_MAX} characters`);
  }
  // The kernel ends strings at NUL: what follows would be dropped without a word.
  if ([...plan.args, ...environmentOf(plan), plan.workingDirectory].some((s) => s.includes("\0"))) {
    fail("a NUL character is in its arguments, environment or working directory");
  }
  const badName = plan.environment.find(({ name }) => name === "" || name.includes("="));
  if (badName !== undefined) {
    fail(`"${badName.name}" is not a name for an environment variable`);
  }
}
