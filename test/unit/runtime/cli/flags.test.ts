// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { type FlagSpec, parseFlags } from "../../../../runtime/cli/flags.ts";
import { GLOBAL_FLAGS, globalOptions } from "../../../../runtime/cli/globals.ts";
import { ago, formatTime, table } from "../../../../runtime/cli/output.ts";

const specs: readonly FlagSpec[] = [
  { name: "force", kind: "boolean", help: "" },
  { name: "user", kind: "string", help: "" },
  { name: "net", kind: "optional", help: "" },
];

describe("parseFlags()", () => {
  it("reads booleans, values in both forms and optional values only with =", () => {
    const flags = parseFlags(specs, [
      "--force",
      "--user",
      "a=b",
      "--net",
      "x",
      "--net=host",
      "--user=",
    ]);
    expect(flags.boolean("force")).toBe(true);
    expect(flags.strings("user")).toEqual(["a=b", ""]);
    expect(flags.given.filter(({ name }) => name === "net").map(({ value }) => value)).toEqual([
      undefined,
      "host",
    ]);
    expect(flags.positionals).toEqual(["x"]);
    expect(parseFlags(specs, ["--force=false"]).boolean("force")).toBe(false);
  });

  it("ends flags at -- and, where asked, at the first positional", () => {
    expect(parseFlags(specs, ["a", "--", "--force"]).positionals).toEqual(["a", "--force"]);
    expect(parseFlags(specs, ["--force", "a", "--x"], { flags: "first" }).positionals).toEqual([
      "a",
      "--x",
    ]);
    expect(parseFlags(specs, ["-"]).positionals).toEqual(["-"]);
  });

  it("refuses what it does not know", () => {
    expect(() => parseFlags(specs, ["--nope=1"])).toThrow('Unknown flag "--nope"');
    expect(() => parseFlags(specs, ["--force=1"])).toThrow(
      'Cannot use flag "--force": "1" is neither true nor false',
    );
    expect(() => parseFlags(specs, ["--user"])).toThrow(
      'Cannot use flag "--user": it needs a value',
    );
  });
});

describe("globalOptions()", () => {
  it("adds up insecure options from lists and groups", () => {
    const given = ["image,tls", "all-run", "none"].map((value) => ({
      name: "insecure-options",
      value,
    }));
    expect([...globalOptions(given).insecureOptions].sort()).toEqual([
      "capabilities",
      "image",
      "paths",
      "seccomp",
      "tls",
    ]);
    expect(() => globalOptions([{ name: "insecure-options", value: "imge" }])).toThrow(
      'Unknown insecure option "imge"',
    );
  });
});

describe("GLOBAL_FLAGS", () => {
  it("say which insecure option is taken as rkt's and does nothing", () => {
    expect(GLOBAL_FLAGS.find(({ name }) => name === "insecure-options")?.help).toMatch(
      / \(ondisk has no effect: an image is checked while it is unpacked, and not again\)$/,
    );
  });
});

describe("output", () => {
  it("table() pads cells with tabs to common tab stops, as Go's tabwriter does", () => {
    expect(
      table([
        ["UUID", "APP", "STATE"],
        ["12345678", "caddy-server", "running"],
        ["", "b", ""],
      ]),
    ).toBe("UUID\t\tAPP\t\tSTATE\n12345678\tcaddy-server\trunning\n\t\tb\t\t\n");
    expect(table([])).toBe("");
  });

  it("says times as rkt does", () => {
    expect(formatTime(Date.UTC(2026, 9, 2, 9, 11, 12, 340))).toBe(
      "2026-10-02 09:11:12.34 +0000 UTC",
    );
    expect(formatTime(0)).toBe("1970-01-01 00:00:00 +0000 UTC");
    expect([0, 1000, 120_000, 7_200_000, 86_400_000].map(ago)).toEqual([
      "now",
      "1 second ago",
      "2 minutes ago",
      "2 hours ago",
      "1 day ago",
    ]);
  });
});
