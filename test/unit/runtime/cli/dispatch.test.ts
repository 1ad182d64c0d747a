// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { findVerb, splitGlobals } from "../../../../runtime/cli/dispatch.ts";
import type { FlagSpec } from "../../../../runtime/cli/flags.ts";

const verbs = ["run", "rm", "list", "status", "stop", "image list", "image rm", "image build"].map(
  (name) => ({ name }),
);
const found = (...args: string[]) => {
  const result = findVerb(verbs, args);
  return result === undefined ? undefined : [result.entry.name, ...result.rest];
};

describe("findVerb()", () => {
  it("takes names, unambiguous beginnings, and groups of two words", () => {
    expect(found("run", "x")).toEqual(["run", "x"]);
    expect(found("ru", "x")).toEqual(["run", "x"]);
    expect(found("i", "li")).toEqual(["image list"]);
    expect(found("image", "--debug", "build", "a")).toEqual(["image build", "--debug", "a"]);
  });

  it("finds the verb behind global flags and behind flags of its own", () => {
    expect(found("--net=host", "--debug", "run", "x")).toEqual([
      "run",
      "--net=host",
      "--debug",
      "x",
    ]);
    expect(found("--dir", "list", "run")).toEqual(["run", "--dir", "list"]);
    expect(found("--no-store", "run", "x")).toEqual(["run", "--no-store", "x"]);
    expect(found("--uuid-file-save", "/f", "run", "x")).toEqual([
      "run",
      "--uuid-file-save",
      "/f",
      "x",
    ]);
  });

  it("refuses unknown and ambiguous ones and groups without a word", () => {
    expect(() => found("r")).toThrow('Ambiguous verb "r": run, rm');
    expect(() => found("st")).toThrow('Ambiguous verb "st": status, stop');
    expect(() => found("frob", "run")).toThrow('Unknown verb "frob"');
    expect(() => found("")).toThrow('Unknown verb ""');
    expect(() => found("image")).toThrow('Verb "image" needs one of: list, rm, build');
    expect(() => found("image", "x")).toThrow('Unknown verb "image x"');
    expect(found()).toBeUndefined();
    expect(found("--debug")).toBeUndefined();
  });
});

describe("splitGlobals()", () => {
  const flags: readonly FlagSpec[] = [
    { name: "volume", kind: "string", help: "" },
    { name: "net", kind: "optional", help: "" },
  ];

  it("takes global flags from anywhere before --", () => {
    const split = splitGlobals(["a", "--debug", "--dir", "/d", "--", "--debug"], [], false);
    expect(split.globals).toEqual([
      { name: "debug", value: "true" },
      { name: "dir", value: "/d" },
    ]);
    expect(split.args).toEqual(["a", "--", "--debug"]);
  });

  it("leaves what follows the first positional alone when positionals end flags", () => {
    const split = splitGlobals(
      ["--volume", "x,source=/", "--net", "--debug", "IMG", "--debug", "--", "--dir=/"],
      flags,
      true,
    );
    expect(split.globals).toEqual([{ name: "debug", value: "true" }]);
    expect(split.args).toEqual([
      "--volume",
      "x,source=/",
      "--net",
      "IMG",
      "--debug",
      "--",
      "--dir=/",
    ]);
  });
});
