// SPDX-License-Identifier: Apache-2.0
// What a user asks for with `run`, as data: made by the command line's parser, read by the planner.
import type { NameValue, Volume } from "../pod/manifest.ts";

export const FLAVOURS = ["oci", "fly"] as const;

export type Flavour = (typeof FLAVOURS)[number];

export type PullPolicy = "new" | "update" | "never";

export interface MountRequest {
  readonly volume: string;
  readonly target: string;
}

export interface PortRequest {
  readonly name: string;
  readonly hostPort: number;
  readonly hostIp: string;
}

/** Where the app's /etc/resolv.conf comes from. */
export type DnsRequest =
  | { readonly kind: "default" | "host" | "none" }
  | {
      readonly kind: "servers";
      readonly servers: readonly string[];
      readonly search: readonly string[];
      readonly options: readonly string[];
      readonly domain: string;
    };

/** Where the app's /etc/hosts comes from. */
export type HostsRequest =
  | { readonly kind: "default" | "host" }
  | {
      readonly kind: "entries";
      readonly entries: readonly { readonly ip: string; readonly name: string }[];
    };

export interface AppRequest {
  /** As typed: an id, a path, a URL or a name. */
  readonly image: string;
  /** Path of a detached signature beside the image. */
  readonly signature: string | undefined;
  readonly name: string | undefined;
  readonly exec: string | undefined;
  /** undefined: none were given, which is not the same as `--` with nothing behind it for images with defaults. */
  readonly args: readonly string[] | undefined;
  readonly workingDirectory: string | undefined;
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly supplementaryGids: readonly number[] | undefined;
  readonly environment: readonly NameValue[];
  readonly mounts: readonly MountRequest[];
  readonly annotations: readonly NameValue[];
  readonly readOnlyRootfs: boolean;
  readonly memoryBytes: number | undefined;
  /** Thousandths of a processor. */
  readonly cpuMillis: number | undefined;
  readonly cpuShares: number | undefined;
  readonly capabilities:
    | { readonly kind: "retain" | "remove"; readonly names: readonly string[] }
    | undefined;
  readonly oomScoreAdj: number | undefined;
}

export interface RunRequest {
  readonly flavour: Flavour;
  /** The value of --net as it was given: "default" without one. */
  readonly network: string;
  readonly ports: readonly PortRequest[];
  readonly dns: DnsRequest;
  readonly hosts: HostsRequest;
  readonly hostname: string | undefined;
  readonly inheritEnvironment: boolean;
  readonly setEnvironment: readonly NameValue[];
  readonly environmentFiles: readonly string[];
  readonly volumes: readonly Volume[];
  /** The pod's; those of the app follow. */
  readonly mounts: readonly MountRequest[];
  readonly uuidFileSave: string | undefined;
  readonly interactive: boolean;
  readonly pullPolicy: PullPolicy;
  readonly dryRun: boolean;
  readonly app: AppRequest;
}
