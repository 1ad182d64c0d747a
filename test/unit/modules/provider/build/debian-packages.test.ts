// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import {
  type DebianPackage,
  parsePackages,
  resolvePackages,
} from "../../../../../modules/provider/build/debian-packages.ts";

describe("parsePackages()", () => {
  it("reads name, version and dependencies with their alternatives", () => {
    const text = `Package: crun
Version: 1.8.1-1+deb12u1
Depends: libc6 (>= 2.34), libcap2 (>= 1:2.10), libyajl2:any | libyajl3
Pre-Depends: init-system-helpers (>= 1.54~)
Description: lightweight OCI runtime
 Depends: not a field, but text
SHA256: 00

Package: conmon
Version: 2.1.6+ds1-1
`;
    expect(parsePackages(text)).toEqual([
      {
        name: "crun",
        version: "1.8.1-1+deb12u1",
        depends: [["init-system-helpers"], ["libc6"], ["libcap2"], ["libyajl2", "libyajl3"]],
      },
      { name: "conmon", version: "2.1.6+ds1-1", depends: [] },
    ]);
  });

  it("skips what is no package", () => {
    expect(parsePackages("")).toEqual([]);
    expect(parsePackages("N: Can't select versions\n\nPackage: half\n")).toEqual([]);
  });
});

describe("resolvePackages()", () => {
  const known = new Map<string, DebianPackage>(
    [
      { name: "app", version: "1", depends: [["liba", "libz"], ["debconf"]] },
      { name: "liba", version: "2", depends: [["libb"], ["gcc-12-base"]] },
      { name: "libb", version: "3", depends: [["liba"]] },
      { name: "gcc-12-base", version: "12", depends: [] },
      { name: "debconf", version: "9", depends: [] },
    ].map((each) => [each.name, each]),
  );
  const show = async (names: readonly string[]) => names.flatMap((name) => known.get(name) ?? []);

  it("follows libraries, in circles too, and nothing else", async () => {
    const found = await resolvePackages(["app"], show);
    expect(found.map(({ name }) => name)).toEqual(["app", "gcc-12-base", "liba", "libb"]);
  });

  it("says which wanted package is missing and what to do", async () => {
    await expect(resolvePackages(["app", "crum"], show)).rejects.toThrow(
      "apt knows no Debian package crum: run apt-get update, or add Debian's main section to its sources",
    );
  });
});
