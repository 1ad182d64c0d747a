// SPDX-License-Identifier: Apache-2.0
// What every RPC works with, put together once by the server.
import type { ImageApp } from "../image/image-app.ts";
import type { SandboxRecord } from "../pod/sandbox-record.ts";
import type { AppPlan } from "../stage1/app-plan.ts";
import type { Conmon } from "../stage1/oci/conmon.ts";
import type { Crun } from "../stage1/oci/crun.ts";
import type { HostFacts } from "../stage1/oci/host-facts.ts";
import type { System } from "../system/system.ts";
import type { AuthConfig } from "./api-schema.ts";
import type { KeyedLock } from "./keyed-lock.ts";
import type { Log } from "./log.ts";
import type { CriPaths } from "./pods/paths.ts";
import type { PodTable } from "./pods/pod-table.ts";
import type { CpuRates } from "./stats/cpu-rates.ts";
import type { DiskUsageCache } from "./stats/disk-usage.ts";
import type { StreamingServer } from "./streaming/server.ts";

export interface CriContext {
  readonly system: System;
  readonly log: Log;
  readonly paths: CriPaths;
  readonly bootId: string;
  readonly host: HostFacts;
  readonly crun: Crun;
  readonly conmon: Conmon;
  readonly images: ImageLibrary;
  readonly network: PodNetwork;
  readonly pods: PodTable;
  /** Where clients of Exec, Attach and PortForward come. */
  readonly streaming: Pick<StreamingServer, "offer" | "listen" | "close">;
  /** Keys: `name:`, `sandbox:` and `container:` with what follows; taken in this order, never the other way round. */
  readonly locks: KeyedLock;
  /** Says once what this host cannot give a container. */
  readonly noteHostLimits: (plan: AppPlan) => void;
  readonly diskUsage: DiskUsageCache;
  readonly cpuRates: CpuRates;
  /** A helper program of ours; undefined when the host has none of that name. */
  readonly findProgram: (name: string) => string | undefined;
  /** Moves a monitor out of the server's cgroup, so that stopping the server never stops monitors. */
  readonly adoptMonitor: (pid: number) => Promise<void>;
}

/** What the CRI needs of an image in the store. */
export interface LibraryImage {
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly sizeBytes: number;
  readonly app: ImageApp;
  readonly annotations: Readonly<Record<string, string>>;
  /** Never removed to make room. */
  readonly pinned: boolean;
}

/** The image store as the CRI uses it. */
export interface ImageLibrary {
  list(): Promise<readonly LibraryImage[]>;
  /** By id, beginning of an id, tag or digest; undefined when there is none. */
  find(reference: string): Promise<LibraryImage | undefined>;
  /** Idempotent. */
  remove(id: string): Promise<void>;
  /** Directories for overlayfs, topmost first. */
  rootfs(id: string): Promise<readonly string[]>;
  /** What no image names and no fetch is about to use, see ImageStore. */
  removeUnused(): Promise<void>;
  usage(): Promise<{ readonly bytes: number; readonly inodes: number }>;
  pull(
    reference: string,
    options: { readonly auth: AuthConfig | undefined; readonly signal: AbortSignal },
  ): Promise<LibraryImage>;
}

export interface PortForward {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly containerPort: number;
  readonly hostPort: number;
  readonly hostIp: string;
}

/** Networking as the CRI uses it. */
export interface PodNetwork {
  /** undefined when pods can be given a network, else why not. */
  problem(): Promise<string | undefined>;
  /** ADD of every plugin in the pod's pinned namespace; on failure everything is undone. Answers the pod's addresses. */
  attach(pod: SandboxRecord, ports: readonly PortForward[]): Promise<readonly string[]>;
  /** DEL of every plugin, with or without a namespace. Idempotent. */
  detach(podUuid: string): Promise<void>;
}
