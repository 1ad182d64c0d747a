// SPDX-License-Identifier: Apache-2.0
// A long list as several messages.

/** Items in one message: with the largest that Kubernetes allows of each, well below what clients take. */
const PART = 100;

/** No message for an empty list: "lists of at least one item" (api.proto, StreamContainers). */
export function* inParts<Item, Message>(
  items: readonly Item[],
  message: (part: Item[]) => Message,
): Generator<Message> {
  for (let start = 0; start < items.length; start += PART) {
    yield message(items.slice(start, start + PART));
  }
}
