// SPDX-License-Identifier: Apache-2.0
// Who wants to know what pods and containers do. A listener is told at once, in order, after the record has changed.
import type { Sandbox } from "./pod-table.ts";

export type EventKind = "created" | "started" | "stopped" | "deleted";

export interface ContainerEvent {
  readonly kind: EventKind;
  /** Of a container, or of a pod. */
  readonly id: string;
  /** The pod that it is about; as it was, where it is gone. */
  readonly sandbox: Sandbox;
}

export interface EventListener {
  readonly onEvent: (event: ContainerEvent) => void;
  /** The server ends: there will be no more. */
  readonly onClose: () => void;
}

export class ContainerEvents {
  readonly #listeners = new Set<EventListener>();

  emit(event: ContainerEvent): void {
    for (const { onEvent } of this.#listeners) {
      onEvent(event);
    }
  }

  /** Answers how to stop listening. */
  listen(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    for (const { onClose } of this.#listeners) {
      onClose();
    }
    this.#listeners.clear();
  }
}

/** What a change of state is; undefined for one that nobody outside sees. */
export function eventOfContainer(before: string, after: string): EventKind | undefined {
  if (before === after) {
    return undefined;
  }
  switch (after) {
    case "running":
      return "started";
    case "exited":
      return "stopped";
    default:
      return undefined;
  }
}
