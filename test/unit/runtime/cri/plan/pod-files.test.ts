// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { DNSConfigSchema } from "../../../../../runtime/cri/api-schema.ts";
import { matchesId, matchesLabels } from "../../../../../runtime/cri/plan/filters.ts";
import { resolvConf } from "../../../../../runtime/cri/plan/pod-files.ts";

describe("resolvConf()", () => {
  it("has what the kubelet asks for, else what the host has", () => {
    const dns = create(DNSConfigSchema, {
      servers: ["10.3.0.10", "fd00::a"],
      searches: ["a.svc", "svc"],
      options: ["ndots:5"],
    });
    expect(resolvConf(dns, "host")).toBe(
      "search a.svc svc\nnameserver 10.3.0.10\nnameserver fd00::a\noptions ndots:5\n",
    );
    expect(resolvConf(undefined, "host")).toBe("host");
    expect(resolvConf(create(DNSConfigSchema), "host")).toBe("host");
  });
});

describe("filters", () => {
  it("match beginnings of ids and all labels that are asked for", () => {
    expect(["", "ab", "abc", "b"].map((wanted) => matchesId("abc", wanted))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(matchesLabels({ a: "1", b: "2" }, { a: "1" })).toBe(true);
    expect(matchesLabels({ a: "1" }, { a: "1", b: "2" })).toBe(false);
  });
});
