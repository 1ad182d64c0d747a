// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import {
  GetEventsRequestSchema,
  PodSandboxConfigSchema,
} from "../../../../runtime/cri/api-schema.ts";
import type { CriContext } from "../../../../runtime/cri/context.ts";
import { inParts } from "../../../../runtime/cri/parts.ts";
import { eventOfContainer } from "../../../../runtime/cri/pods/container-events.ts";
import { PodTable, type Sandbox } from "../../../../runtime/cri/pods/pod-table.ts";
import { getContainerEvents } from "../../../../runtime/cri/runtime/get-container-events.ts";
import type { SandboxRecord } from "../../../../runtime/pod/sandbox-record.ts";
import { linuxSystem } from "../../../../runtime/system/linux.ts";

const sandbox = (id: string): Sandbox => ({
  record: {
    id,
    state: "ready",
    createdAtNs: "1",
    ips: [],
    labels: {},
    annotations: {},
  } as unknown as SandboxRecord,
  config: create(PodSandboxConfigSchema),
});

function listening() {
  const pods = new PodTable();
  const client = new AbortController();
  const context = { pods, system: linuxSystem() } as unknown as CriContext;
  const events = getContainerEvents(create(GetEventsRequestSchema), context, {
    signal: client.signal,
  })[Symbol.asyncIterator]();
  return { pods, client, events };
}

describe("GetContainerEvents", () => {
  it("tells what happens while it waits, and ends when the client goes", async () => {
    const { pods, client, events } = listening();
    const first = events.next();
    pods.addSandbox(sandbox("a"));
    expect((await first).value).toMatchObject({ containerId: "a", containerEventType: 0 });
    expect((await events.next()).value).toMatchObject({ containerId: "a", containerEventType: 1 });
    const last = events.next();
    client.abort();
    expect(await last).toEqual({ done: true, value: undefined });
  });

  it("ends when the server does", async () => {
    const { pods, events } = listening();
    const last = events.next();
    pods.events.close();
    expect((await last).done).toBe(true);
  });

  it("does not hoard for a client that reads nothing", async () => {
    const { pods, events } = listening();
    const first = events.next();
    pods.addSandbox(sandbox("a"));
    await first;
    // Two events each, one of which is waiting already.
    for (let index = 0; index < 500; index++) {
      pods.addSandbox(sandbox(String(index)));
    }
    await expect(events.next()).rejects.toThrow("the client does not read them");
  });
});

describe("eventOfContainer()", () => {
  it("is what others see of a change of state", () => {
    expect(eventOfContainer("starting", "running")).toBe("started");
    expect(eventOfContainer("running", "exited")).toBe("stopped");
    expect(eventOfContainer("starting", "exited")).toBe("stopped");
    expect(eventOfContainer("created", "starting")).toBeUndefined();
    expect(eventOfContainer("running", "running")).toBeUndefined();
  });
});

describe("inParts()", () => {
  it("has each item once, and no message without one", () => {
    const items = Array.from({ length: 201 }, (_, index) => index);
    const parts = [...inParts(items, (part) => part)];
    expect(parts.map(({ length }) => length)).toEqual([100, 100, 1]);
    expect(parts.flat()).toEqual(items);
    expect([...inParts([], (part) => part)]).toEqual([]);
  });
});
