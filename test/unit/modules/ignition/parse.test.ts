// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "@jest/globals";
import { parseSnippet, SnippetError } from "../../../../modules/ignition/index.ts";

const version = '"ignition":{"version":"3.3.0"}';

function problemsOf(text: string): readonly string[] {
  try {
    parseSnippet(text, "a.ign");
    return [];
  } catch (error) {
    if (error instanceof SnippetError) return error.problems;
    throw error;
  }
}

describe("parseSnippet()", () => {
  test("returns a config without nulls, named after its origin", () => {
    const text = `{${version},"systemd":{"units":[{"name":"a.service","mask":true,"contents":null}]},"passwd":null}`;
    expect(parseSnippet(text, "a.ign")).toEqual({
      name: "a.ign",
      config: {
        ignition: { version: "3.3.0" },
        systemd: { units: [{ name: "a.service", mask: true }] },
      },
    });
  });

  test("names line and column of every error", () => {
    const text = `{
  ${version},
  "storage": {
    "files": [
      { "path": "etc/a" },
      { "path": "/etc/b", "mode": -1, "content": {} }
    ]
  }
}`;
    expect(problemsOf(text)).toEqual([
      'a.ign:6:50: File "/etc/b" content: is not a field of Ignition',
      'a.ign:5:17: File "etc/a" path: is "etc/a", expected an absolute path',
      'a.ign:6:35: File "/etc/b" mode: is -1, expected 0 to 0o7777',
    ]);
  });

  test("says in one line what is wrong and how much more", () => {
    const text = `{${version},"systemd":{"units":[{"name":"a"},{"name":"b"}]}}`;
    expect(() => parseSnippet(text, "a.ign")).toThrow(
      'Cannot use Ignition snippet a.ign:1:61: Unit "a" name: has no unit suffix, expected one such as .service, .socket, .mount, .timer (and 1 more)',
    );
  });

  test.each([
    ["", "a.ign:1:1: is empty"],
    [
      "variant: fcos\nversion: 1.4.0\n",
      "a.ign:1:1: is Butane, expected Ignition JSON: translate it with butane first",
    ],
    ["[]", "a.ign:1:1: Config: is a list, expected an object"],
    ["{", "a.ign:1:2: expected a field name in quotes"],
    ["{}", 'a.ign:1:1: Ignition.version: is "", expected a spec version such as "3.3.0"'],
    [`{${version}}x`, "a.ign:1:33: text after the end"],
    [`{${version},}`, "a.ign:1:33: expected a field name in quotes"],
    [`{${version}`, 'a.ign:1:32: expected "," or "}", found the end'],
    [`{${version} "a":1}`, 'a.ign:1:33: expected "," or "}", found "\\""'],
    [`{"a"}`, 'a.ign:1:5: expected ":", found "}"'],
    [`{"a\n":1}`, "a.ign:1:2: text in quotes that is not closed or has a bad character"],
    [`{"a`, "a.ign:1:2: text in quotes that is not closed or has a bad character"],
    [`{"a":0644}`, "a.ign:1:6: 0644: JSON has no octal numbers, expected 420"],
    [`{"a":1.0}`, "a.ign:1:6: 1.0 is not a whole number"],
    [`{"a":1e3}`, "a.ign:1:6: 1e3 is not a whole number"],
    [`{"a":90071992547409930}`, "a.ign:1:6: number 90071992547409930 is too large"],
    [`{"a":nil}`, 'a.ign:1:6: unexpected "nil"'],
    [`{"a":'b'}`, `a.ign:1:6: unexpected "'"`],
    [`{"a":`, "a.ign:1:6: unexpected end"],
    [`{"a":1,"a":2}`, 'a.ign:1:8: field "a" twice in one object'],
    ["[".repeat(100_000), "a.ign:1:66: nesting deeper than 64"],
    [`{${version},"__proto__":{"x":1}}`, "a.ign:1:45: __proto__: is not a field of Ignition"],
    [`{${version},"storage":{"files":[null]}}`, 'a.ign:1:53: File "": is null, expected an object'],
  ])("refuses %j", (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  test("takes what only makes sense in a merge: a header without a value", () => {
    const hash = `sha512-${"0".repeat(128)}`;
    const contents = { source: "http://a/", verification: { hash }, httpHeaders: [{ name: "A" }] };
    const config = {
      ignition: { version: "3.3.0" },
      storage: { files: [{ path: "/etc/a", contents }] },
    };
    expect(parseSnippet(JSON.stringify(config), "a.ign").config).toEqual(config);
  });
});
