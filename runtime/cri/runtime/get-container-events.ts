// SPDX-License-Identifier: Apache-2.0
// GetContainerEvents: what pods and containers do from now on, until the client goes. Each event has the statuses of the pod and
// of its containers as they were at its moment.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { CoreflyError } from "../../errors.ts";
import { type ContainerEventResponseSchema, ContainerEventType } from "../api-schema.ts";
import type { CriContext } from "../context.ts";
import { containerStatusMessage } from "../messages/container.ts";
import { sandboxStatusMessage } from "../messages/sandbox.ts";
import type { ContainerEvent, EventKind } from "../pods/container-events.ts";
import { nsOfMs } from "../pods/names.ts";
import type { RuntimeRpc } from "../rpc.ts";

type Message = MessageInitShape<typeof ContainerEventResponseSchema>;

/** What is kept for a client that does not read; then it has to come again, and to list. */
const MAX_WAITING = 1000;

const TYPES: Readonly<Record<EventKind, ContainerEventType>> = {
  created: ContainerEventType.CONTAINER_CREATED_EVENT,
  started: ContainerEventType.CONTAINER_STARTED_EVENT,
  stopped: ContainerEventType.CONTAINER_STOPPED_EVENT,
  deleted: ContainerEventType.CONTAINER_DELETED_EVENT,
};

export const getContainerEvents: RuntimeRpc<"getContainerEvents"> = async function* (
  _request,
  context,
  { signal },
) {
  const waiting: Message[] = [];
  let isOpen = true;
  let isBehind = false;
  let wake = () => {};
  const close = () => {
    isOpen = false;
    wake();
  };
  const stopListening = context.pods.events.listen({
    onEvent: (event) => {
      isBehind ||= waiting.length === MAX_WAITING;
      if (isBehind) {
        waiting.length = 0;
      } else {
        waiting.push(eventMessage(context, event));
      }
      wake();
    },
    onClose: close,
  });
  signal.addEventListener("abort", close, { once: true });
  try {
    while (isOpen && !signal.aborted) {
      if (isBehind) {
        throw new CoreflyError("CANCELLED", "Cannot tell of events: the client does not read them");
      }
      const next = waiting.shift();
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else {
        yield next;
      }
    }
  } finally {
    stopListening();
    signal.removeEventListener("abort", close);
  }
};

function eventMessage(context: CriContext, { kind, id, sandbox }: ContainerEvent): Message {
  return {
    containerId: id,
    containerEventType: TYPES[kind],
    createdAt: BigInt(nsOfMs(context.system.clock.now())),
    podSandboxStatus: sandboxStatusMessage(sandbox),
    containersStatuses: context.pods.containersOf(sandbox.record.id).map(containerStatusMessage),
  };
}
