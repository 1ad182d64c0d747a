// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { parseImageSource } from "../../../../runtime/image/image-source.ts";

const isFile = (path: string) => path === "there";

describe("parseImageSource()", () => {
  it.each([
    ["sha512-0123abcd", "id"],
    [`sha256:${"0".repeat(64)}`, "id"],
    ["/tmp/x", "file"],
    ["./x.tar", "file"],
    ["../x", "file"],
    ["x.aci", "file"],
    ["there", "file"],
    ["file:///tmp/x.aci", "file"],
    ["https://a.test/x.aci", "url"],
    ["http://a.test:8080/x.aci?y=1", "url"],
    ["docker://busybox", "oci"],
    ["docker:busybox:1", "oci"],
    ["a.test/app", "appc"],
    ["a.test/app:1.0,os=linux", "appc"],
    ["127.0.0.1:5000/app:1", "oci"],
    [`a.test/app@sha256:${"0".repeat(64)}`, "oci"],
  ])("takes %s as %s", (text, kind) => {
    expect(parseImageSource(text, isFile).kind).toBe(kind);
  });

  it.each([
    ["", "its name is empty"],
    ["ftp://a.test/x.aci", "unknown scheme"],
    ["https://a.test/x.tar", "has to end in .aci"],
    ["A B", '"A B" is no appc image name'],
    ["a.test/app:", 'the version after ":" is empty'],
    ["a.test/app,os", "is not LABEL=VALUE"],
    ["a.test/app,name=x", "is not LABEL=VALUE"],
  ])("refuses %j", (text, message) => {
    expect(() => parseImageSource(text, isFile)).toThrow(message);
  });
});
