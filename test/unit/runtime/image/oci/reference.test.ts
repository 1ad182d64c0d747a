// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { findOciReference, parseOciReference } from "../../../../../runtime/image/oci/reference.ts";

const digest = `sha256:${"a".repeat(64)}`;

describe("parseOciReference()", () => {
  it.each([
    ["busybox", "docker.io/library/busybox", "latest", undefined],
    ["busybox:1.29-2", "docker.io/library/busybox", "1.29-2", undefined],
    ["team/app", "docker.io/team/app", "latest", undefined],
    ["index.docker.io/busybox", "docker.io/library/busybox", "latest", undefined],
    ["corefly.dev/kubernetes:v1.37.2", "corefly.dev/kubernetes", "v1.37.2", undefined],
    ["localhost/app", "localhost/app", "latest", undefined],
    ["127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b", "latest", undefined],
    ["[::1]:5000/a:1", "[::1]:5000/a", "1", undefined],
    [`a.test/x@${digest}`, "a.test/x", undefined, digest],
    [`a.test/x:9.9@${digest}`, "a.test/x", "9.9", digest],
  ])("reads %s", (text, repository, tag, wanted) => {
    expect(parseOciReference(text)).toMatchObject({ repository, tag, digest: wanted });
  });

  it.each([
    "",
    "A/b",
    "a.test/x:",
    "a.test/x@sha256:12",
    "a.test/",
    "a b",
    "a.test/../x",
    "a.test//x",
    "a.test/x:ta/g",
  ])("refuses %j", (text) => {
    expect(() => parseOciReference(text)).toThrow(`Cannot use image reference "${text}"`);
  });

  it("reads what it made of a reference as the same reference", () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,4})?$/);
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), part, (parts, tag) => {
        const found = findOciReference(`${parts.join("/")}:${tag}`);
        if (found !== undefined) {
          expect(findOciReference(`${found.repository}:${found.tag}`)).toEqual(found);
        }
      }),
    );
  });
});
