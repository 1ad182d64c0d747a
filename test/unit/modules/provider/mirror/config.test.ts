// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { parseReference, pathProblem } from "../../../../../modules/provider/mirror/config.ts";

describe("pathProblem", () => {
  it.each(["files/node", "aci/kubernetes-v1.37.2-linux-amd64.aci.asc", "a", "..a/b.."])(
    "accepts %s",
    (path) => {
      expect(pathProblem(path)).toBeUndefined();
    },
  );

  it.each([
    "/etc/passwd",
    "../x",
    "a/../b",
    "a//b",
    "a/",
    "",
    "sha512/x",
    "v2/x",
    "v2",
    "a b",
    "a%2fb",
    "./a",
  ])("refuses %s", (path) => {
    expect(pathProblem(path)).toMatch(/^expected /);
  });
});

describe("parseReference", () => {
  it("splits repository and tag", () => {
    expect(parseReference("corefly.dev/caddy:v2.11.9")).toEqual({
      repository: "corefly.dev/caddy",
      tag: "v2.11.9",
    });
  });

  it.each([
    "caddy",
    "caddy:",
    "Caddy:x",
    "a/../b:x",
    "/a:x",
    "a:b:c",
    "a@sha256:00",
    "localhost:5000/a:x",
  ])("refuses %s", (reference) => {
    expect(parseReference(reference)).toBeUndefined();
  });
});
