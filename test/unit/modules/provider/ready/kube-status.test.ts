// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { readyNodes, waitingPods } from "../../../../../modules/provider/ready/kube-status.ts";

const node = (name: string, status: string) => ({
  metadata: { name },
  status: {
    conditions: [
      { type: "MemoryPressure", status: "False" },
      { type: "Ready", status },
    ],
  },
});

const pod = (name: string, phase: string, ready: boolean, reason?: string) => ({
  metadata: { name },
  status: {
    phase,
    containerStatuses: [{ ready, state: reason === undefined ? {} : { waiting: { reason } } }],
  },
});

describe("readyNodes", () => {
  it("says which nodes are ready", () => {
    const body = JSON.stringify({ items: [node("a", "True"), node("b", "Unknown")] });
    expect(readyNodes(body)).toEqual(
      new Map([
        ["a", true],
        ["b", false],
      ]),
    );
  });
});

describe("waitingPods", () => {
  it("names pods that do not run, with the reason", () => {
    const body = JSON.stringify({
      items: [
        pod("etcd", "Running", true),
        pod("job", "Succeeded", false),
        pod("dns", "Pending", false, "ContainerCreating"),
        pod("proxy", "Running", false, "CrashLoopBackOff"),
        { metadata: { name: "new" }, status: { phase: "Pending" } },
      ],
    });
    expect(waitingPods(body)).toEqual([
      "dns (ContainerCreating)",
      "proxy (CrashLoopBackOff)",
      "new (Pending)",
    ]);
  });

  it("does not wait for pods that ended with their node, but for static ones, which come back", () => {
    const ended = (name: string, reason: string, annotations = {}) => ({
      metadata: { name, annotations },
      status: { phase: "Failed", reason },
    });
    const items = [
      ended("dns-old", "Terminated"),
      ended("job", "DeadlineExceeded"),
      ended("etcd", "Terminated", { "kubernetes.io/config.mirror": "ab" }),
    ];
    expect(waitingPods(JSON.stringify({ items }))).toEqual(["job (Failed)", "etcd (Failed)"]);
  });

  it("knows an answer that is no list", () => {
    expect(waitingPods('{"kind":"Status"}')).toBeUndefined();
    expect(waitingPods("<html>")).toBeUndefined();
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.json(), (body) => void [waitingPods(body), readyNodes(body)]));
  });
});
