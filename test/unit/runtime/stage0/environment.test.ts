// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { parseEnvironmentFile } from "../../../../runtime/stage0/environment.ts";
import { hostsFile, resolvConfFile } from "../../../../runtime/stage0/resolver-files.ts";

describe("parseEnvironmentFile()", () => {
  it("skips comments and blank lines, keeps values as they are", () => {
    expect(parseEnvironmentFile('# c\n; d\n\n A=1=2 \nB="x"\n', "f")).toEqual([
      { name: "A", value: "1=2" },
      { name: "B", value: '"x"' },
    ]);
    expect(() => parseEnvironmentFile("A=1\nB\n", "f")).toThrow(
      'Cannot read "f" line 2: "B" is not NAME=VALUE',
    );
  });
});

describe("resolver files", () => {
  it("write what was asked for, and nothing else", () => {
    expect(
      resolvConfFile({
        kind: "servers",
        servers: ["1.1.1.1"],
        search: ["a", "b"],
        options: ["ndots:5"],
        domain: "d",
      }),
    ).toBe("domain d\nsearch a b\nnameserver 1.1.1.1\noptions ndots:5\n");
    expect(resolvConfFile({ kind: "host" })).toBeUndefined();
    expect(hostsFile({ kind: "entries", entries: [{ ip: "10.0.0.1", name: "a" }] })).toBe(
      "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n10.0.0.1\ta\n",
    );
    expect(hostsFile({ kind: "default" })).toBeUndefined();
  });
});
