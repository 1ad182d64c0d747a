// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { routeOf } from "../../../../../modules/provider/mirror/routes.ts";

const HEX = "0123456789abcdef".repeat(8);

describe("routeOf", () => {
  it("knows files by digest and by path", () => {
    expect(routeOf(`/sha512/${HEX}`)).toEqual({ kind: "digest", sha512: HEX });
    expect(routeOf("/files/node?x=1")).toEqual({ kind: "file", path: "files/node" });
  });

  it("knows the OCI distribution API", () => {
    expect(routeOf("/v2/")).toEqual({ kind: "registry" });
    expect(routeOf("/v2/corefly.dev/caddy/manifests/v2.11.9")).toEqual({
      kind: "manifest",
      repository: "corefly.dev/caddy",
      reference: "v2.11.9",
    });
    expect(routeOf("/v2/a/manifests/manifests/x")).toEqual({
      kind: "manifest",
      repository: "a/manifests",
      reference: "x",
    });
    expect(routeOf(`/v2/a/blobs/sha256:${"a".repeat(64)}`)).toEqual({
      kind: "blob",
      repository: "a",
      digest: `sha256:${"a".repeat(64)}`,
    });
    expect(routeOf("/v2/a/tags/list")).toEqual({ kind: "tags", repository: "a" });
  });

  it.each([
    "/v2/a/blobs/uploads/",
    "/v2/a/tags/other",
    "/v2//manifests/x",
    "/v2/A/manifests/x",
    `/v2/a/manifests/${"x".repeat(300)}`,
    "/sha512/../../etc/passwd",
    `/sha512/${HEX.toUpperCase()}`,
    "/sha512/",
    "/%",
    "http://other/",
    "*",
    "",
  ])("knows nothing at %s", (url) => {
    expect(routeOf(url)).toEqual({ kind: "none" });
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.webPath()), (url) => void routeOf(url)));
  });
});
