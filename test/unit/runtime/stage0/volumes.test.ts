// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { cleanPath, parseMount, parseVolume } from "../../../../runtime/stage0/volumes.ts";

describe("parseVolume()", () => {
  it("has appc's defaults", () => {
    expect(parseVolume("a-b,kind=host,source=/x//y/../z")).toEqual({
      name: "a-b",
      kind: "host",
      source: "/x/z",
      readOnly: false,
      recursive: true,
      propagation: "slave",
    });
    expect(parseVolume("e,kind=empty")).toEqual({
      name: "e",
      kind: "empty",
      readOnly: false,
      mode: 0o755,
      uid: 0,
      gid: 0,
    });
    expect(parseVolume("e,kind=empty,mode=1777,uid=5,gid=6,readOnly=true")).toMatchObject({
      mode: 0o1777,
      uid: 5,
      gid: 6,
      readOnly: true,
    });
  });

  it.each([
    ["", '"" is not a name'],
    ["A,kind=host", '"A" is not a name'],
    ["../a,kind=empty", "is not a name"],
    ["a", "kind is missing, want host or empty"],
    ["a,kind=disk", 'kind is "disk"'],
    ["a,kind=host", "source must be an absolute path"],
    ["a,kind=host,source=x", "source must be an absolute path"],
    ["a,kind=host,source=/x,mode=1", '"mode" means nothing for kind=host'],
    ["a,kind=empty,source=/x", '"source" means nothing for kind=empty'],
    ["a,kind=host,source=/x,readOnly=yes", 'readOnly is "yes", want true or false'],
    [
      "a,kind=host,source=/x,propagation=rshared",
      'propagation is "rshared", want shared, slave or private',
    ],
    ["a,kind=empty,mode=9", 'mode is "9", want an octal mode'],
    ["a,kind=empty,kind=host", "kind is given twice"],
    ["a,kind=empty,readOnly", '"readOnly" is not key=value'],
  ])("refuses %j", (text, reason) => {
    expect(() => parseVolume(text)).toThrow(reason);
    expect(() => parseVolume(text)).toThrow(`Cannot use volume "${text}"`);
  });
});

describe("parseMount()", () => {
  it("wants a volume and an absolute target", () => {
    expect(parseMount("volume=a,target=/b/")).toEqual({ volume: "a", target: "/b" });
    for (const text of [
      "",
      "volume=a",
      "target=/b",
      "volume=a,target=b",
      "volume=a,target=/b,x=y",
      "volume=A,target=/b",
    ]) {
      expect(() => parseMount(text)).toThrow(`Cannot use mount "${text}"`);
    }
  });
});

describe("cleanPath()", () => {
  it("leaves no way out and no second spelling", () => {
    expect(["/a/../../b", "/a//b/", "/", "/./a"].map(cleanPath)).toEqual(["/b", "/a/b", "/", "/a"]);
  });
});
