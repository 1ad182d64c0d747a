// SPDX-License-Identifier: Apache-2.0
// The server's memory of the kubelet's pods and containers: a copy of the records on disk, from which lists are answered at once.
import { NotFoundError } from "../../errors.ts";
import type { ContainerRecord } from "../../pod/container-record.ts";
import type { SandboxRecord } from "../../pod/sandbox-record.ts";
import type { ContainerConfig, LinuxContainerResources, PodSandboxConfig } from "../api-schema.ts";
import { ContainerEvents, type EventKind, eventOfContainer } from "./container-events.ts";
import type { StopRequest } from "./stop-request.ts";

/** A pod of the kubelet. `record` is replaced, never changed, and only after the new one is on disk. */
export interface Sandbox {
  record: SandboxRecord;
  readonly config: PodSandboxConfig;
}

/** A container of the kubelet; `record` as above, unless `isUnwritten`. */
export interface Container {
  record: ContainerRecord;
  readonly config: ContainerConfig;
  resources: LinuxContainerResources;
  /** The stop that is under way, so that a second request joins it. */
  stop: StopRequest | undefined;
  /** `record` is ahead of the disk, which was full. */
  isUnwritten?: boolean;
  /** Called once, when the record says "exited". */
  readonly onExit: Set<() => void>;
}

/** What makes a pod's name its own: the kubelet counts `attempt` up for a new one (api.proto, PodSandboxMetadata). */
export function sandboxKey(metadata: {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly attempt: number;
}): string {
  return [metadata.name, metadata.namespace, metadata.uid, metadata.attempt].join("\0");
}

export class PodTable {
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #containers = new Map<string, Container>();
  readonly events = new ContainerEvents();

  addSandbox(sandbox: Sandbox): void {
    const { id, state } = sandbox.record;
    this.#sandboxes.set(id, sandbox);
    this.events.emit({ kind: "created", id, sandbox });
    if (state === "ready") {
      this.events.emit({ kind: "started", id, sandbox });
    }
  }

  removeSandbox(id: string): void {
    const sandbox = this.#sandboxes.get(id);
    this.#sandboxes.delete(id);
    if (sandbox !== undefined) {
      this.events.emit({ kind: "deleted", id, sandbox });
    }
  }

  addContainer(container: Container): void {
    this.#containers.set(container.record.id, container);
    this.#tell("created", container.record);
  }

  removeContainer(id: string): void {
    const container = this.#containers.get(id);
    this.#containers.delete(id);
    if (container !== undefined) {
      this.#tell("deleted", container.record);
    }
  }

  /** The record, which is on disk by now. */
  replaceContainerRecord(container: Container, record: ContainerRecord): void {
    const kind = eventOfContainer(container.record.state, record.state);
    container.record = record;
    if (kind !== undefined) {
      this.#tell(kind, record);
    }
  }

  /** As {@link replaceContainerRecord}. */
  replaceSandboxRecord(sandbox: Sandbox, record: SandboxRecord): void {
    const stops = sandbox.record.state === "ready" && record.state === "stopped";
    sandbox.record = record;
    if (stops) {
      this.events.emit({ kind: "stopped", id: record.id, sandbox });
    }
  }

  #tell(kind: EventKind, { id, sandboxId }: ContainerRecord): void {
    const sandbox = this.#sandboxes.get(sandboxId);
    if (sandbox !== undefined) {
      this.events.emit({ kind, id, sandbox });
    }
  }

  /** All that RunPodSandbox has answered for or given up; those in the making only with `all`. */
  sandboxes(): readonly Sandbox[] {
    return [...this.#sandboxes.values()];
  }

  containers(): readonly Container[] {
    return [...this.#containers.values()];
  }

  containersOf(sandboxId: string): readonly Container[] {
    return this.containers().filter(({ record }) => record.sandboxId === sandboxId);
  }

  sandboxNamed(key: string): Sandbox | undefined {
    return this.sandboxes().find(
      ({ record }) => sandboxKey({ ...record, uid: record.podUid }) === key,
    );
  }

  /** By its whole id, or by a beginning that only one has. */
  findSandbox(id: string): Sandbox | undefined {
    return findById(this.#sandboxes, id);
  }

  getSandbox(id: string): Sandbox {
    const found = this.findSandbox(id);
    if (found === undefined) {
      throw new NotFoundError(`Cannot find pod sandbox "${id}": there is none with this id`);
    }
    return found;
  }

  findContainer(id: string): Container | undefined {
    return findById(this.#containers, id);
  }

  getContainer(id: string): Container {
    const found = this.findContainer(id);
    if (found === undefined) {
      throw new NotFoundError(`Cannot find container "${id}": there is none with this id`);
    }
    return found;
  }
}

function findById<Value>(table: ReadonlyMap<string, Value>, id: string): Value | undefined {
  const exact = table.get(id);
  if (exact !== undefined || id === "") {
    return exact;
  }
  const matches = [...table].filter(([each]) => each.startsWith(id));
  return matches.length === 1 ? matches[0]?.[1] : undefined;
}
