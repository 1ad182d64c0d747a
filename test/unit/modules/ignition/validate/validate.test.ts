// SPDX-License-Identifier: Apache-2.0
// Messages, and input that is no config. Which configs are refused: test/conformance/modules/ignition.
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { validate } from "../../../../../modules/ignition/index.ts";

const config = (parts: object) => ({ ignition: { version: "3.3.0" }, ...parts });
const messages = (value: unknown) =>
  validate(value).map(({ path, message }) => `${path} ${message}`);

describe("validate()", () => {
  test("names the entry, its field and what it wants", () => {
    const files = [
      { path: "/etc/a", contents: { source: "http://user:secret@a/b" } },
      { path: "/etc/b", append: [{}], mode: 644 },
    ];
    const units = [{ name: "a.service", dropins: [{ name: "b.conf", contents: "[Unit]\nA\n" }] }];
    expect(messages(config({ storage: { files }, systemd: { units } }))).toEqual([
      '$.storage.files.1.mode File "/etc/b" mode: is decimal 644, that is 0o1204: did you mean 0o644, 420',
      '$.storage.files.1.mode File "/etc/b" mode: is 0o1204: Ignition drops setuid, setgid and sticky bits',
      '$.storage.files.0.contents.verification.hash File "/etc/a" contents.verification.hash: is missing, expected sha512 for "http://…@a/b", which comes from the network',
      '$.storage.files.1.append.0 File "/etc/b" appended part #1: has no source',
      '$.systemd.units.0.dropins.0.contents Unit "a.service" drop-in "b.conf" contents: cannot be parsed: line 2: is "A", expected Option=value',
    ]);
  });

  test("names both of two entries in conflict", () => {
    const units = [{ name: "a.service" }, { name: "b.service" }, { name: "a.service" }];
    expect(messages(config({ systemd: { units } }))).toEqual([
      '$.systemd.units.2 Unit "a.service": is defined twice, the first is unit "a.service"',
    ]);
  });

  test.each([
    [undefined, "$ Config: is undefined, expected an object"],
    [null, "$ Config: is null, expected an object"],
    ["{}", "$ Config: is text, expected an object"],
    [config({ storage: [] }), "$.storage Storage: is a list, expected an object"],
    [
      config({ storage: { files: {} } }),
      "$.storage.files Storage.files: is an object, expected a list",
    ],
    [
      config({ passwd: { users: [{ name: 1 }] } }),
      '$.passwd.users.0.name User "" name: is 1, expected text',
    ],
  ])("refuses %j", (value, message) => {
    expect(messages(value)).toEqual([message]);
  });

  test("never throws, whatever it is given", () => {
    fc.assert(
      fc.property(
        fc.anything({ withNullPrototype: true, withBigInt: true, withMap: true }),
        (value) => {
          expect(validate(value).length).toBeGreaterThan(0);
          expect(Array.isArray(validate(config({ storage: value, systemd: value })))).toBe(true);
        },
      ),
    );
  });

  test("stops at a gzip bomb in inline data", () => {
    const bomb = gzipSync(Buffer.alloc((64 << 20) + 1), { level: 1 });
    const source = `data:;base64,${bomb.toString("base64")}`;
    const files = [{ path: "/etc/a", contents: { source, compression: "gzip" } }];
    expect(messages(config({ storage: { files } }))).toEqual([
      '$.storage.files.0.contents.source File "/etc/a" contents.source: is not gzip data, or more than 64 MiB of it',
    ]);
  });
});
