// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import {
  parseTransfers,
  servedNames,
  transfersBetween,
} from "../../../../infra/report/plan/transfers.ts";

const DIGEST = "ab".repeat(64);
const names = servedNames(
  JSON.stringify({
    files: { "files/node": { kind: "blob", sha512: DIGEST }, note: { kind: "text", text: "x" } },
    images: { "corefly.dev/etcd:v3": "cd".repeat(64) },
  }),
);

describe("parseTransfers()", () => {
  it("reads what was served, by name, with its beginning and end", () => {
    const log = [
      "2026-11-25T01:20:10.000Z listening on 127.0.0.1:1",
      `2026-11-25T01:20:12.500Z 127.0.0.1 GET "/sha512/${DIGEST}" 200 116429824 4271ms`,
      `2026-11-25T01:20:13.000Z 127.0.0.1 GET "/sha512/${"cd".repeat(64)}" 206 70000 10ms cut-off`,
      `2026-11-25T01:20:14.000Z 127.0.0.1 GET "/v2/corefly.dev/web/blobs/sha256:${"e".repeat(64)}" 200 99999 5ms`,
      '2026-11-25T01:20:15.000Z 127.0.0.1 GET "/aci/kubernetes.aci" 200 160901632 8409ms',
    ];
    const at = (time: string) => Date.parse(`2026-11-25T01:20:${time}Z`);
    expect(parseTransfers(log, names)).toEqual([
      {
        name: "files/node",
        bytes: 116_429_824,
        startMs: at("08.229"),
        endMs: at("12.500"),
        whole: true,
      },
      {
        name: "corefly.dev/etcd:v3",
        bytes: 70_000,
        startMs: at("12.990"),
        endMs: at("13.000"),
        whole: false,
      },
      {
        name: "corefly.dev/web sha256:eeeeeeeeeeee…",
        bytes: 99_999,
        startMs: at("13.995"),
        endMs: at("14.000"),
        whole: true,
      },
      {
        name: "aci/kubernetes.aci",
        bytes: 160_901_632,
        startMs: at("06.591"),
        endMs: at("15.000"),
        whole: true,
      },
    ]);
  });

  it("leaves out what is no file: small answers, failures, questions, other lines", () => {
    const log = [
      '2026-11-25T01:20:12.500Z 127.0.0.1 GET "/v2/" 200 2 1ms',
      '2026-11-25T01:20:12.500Z 127.0.0.1 GET "/none" 404 99999999 1ms',
      '2026-11-25T01:20:12.500Z 127.0.0.1 HEAD "/aci/kubernetes.aci" 200 160901632 1ms',
      '2026-11-25T01:20:12.500Z failure "no such file"',
      '2026-11-25T01:20:12.500Z 127.0.0.1 GET "unfinished',
      "",
    ];
    expect(parseTransfers(log, names)).toEqual([]);
  });
});

describe("servedNames()", () => {
  it.each(["", "null", "[]", '{"files":7,"images":{"a":7}}', '{"files":{"a":null}}'])(
    "has none of the config %p",
    (config) => {
      expect(servedNames(config).size).toBe(0);
    },
  );
});

describe("transfersBetween()", () => {
  it("has those of one start, the longest first", () => {
    const transfer = (name: string, startMs: number, endMs: number) => ({
      name,
      bytes: 1,
      startMs,
      endMs,
      whole: true,
    });
    const all = [
      transfer("before", 0, 90),
      transfer("short", 100, 110),
      transfer("long", 120, 150),
      transfer("after", 201, 230),
    ];
    expect(transfersBetween(all, 100, 200).map(({ name }) => name)).toEqual(["long", "short"]);
  });
});
