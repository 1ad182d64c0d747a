// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  byteSize,
  type IgnitionConfig,
  minimumVersion,
  render,
} from "../../../../modules/ignition/index.ts";

describe("render()", () => {
  test("sorts keys, leaves out what is empty, keeps the order of lists", () => {
    const config: IgnitionConfig = {
      systemd: {
        units: [
          { name: "b.service", mask: null },
          { name: "a.service", dropins: [] },
        ],
      },
      storage: {},
      ignition: { version: "3.0.0", config: { merge: [] } },
    };
    expect(render(config)).toBe(
      '{"ignition":{"version":"3.3.0"},"systemd":{"units":[{"name":"b.service"},{"name":"a.service"}]}}',
    );
  });

  test("keeps zeros, false and empty text, which say something", () => {
    const file = { path: "/etc/a", mode: 0, overwrite: false, contents: { source: "" } };
    expect(render({ ignition: { version: "3.3.0" }, storage: { files: [file] } })).toBe(
      '{"ignition":{"version":"3.3.0"},"storage":{"files":[{"contents":{"source":""},"mode":0,"overwrite":false,"path":"/etc/a"}]}}',
    );
  });

  test("gives the same text for the same config however its keys are ordered", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom("name", "gecos", "shell"), fc.string()),
        (fields) => {
          const user = { name: "core", ...fields };
          const reversed = { name: "core", ...Object.fromEntries(Object.entries(user).reverse()) };
          const of = (one: typeof user) =>
            render({ passwd: { users: [one] }, ignition: { version: "3.3.0" } });
          expect(of(reversed)).toBe(of(user));
        },
      ),
    );
  });
});

test("byteSize() counts bytes, not characters", () => {
  expect(byteSize("ä€")).toBe(5);
});

describe("minimumVersion()", () => {
  const luks = (fields: object): IgnitionConfig => ({
    ignition: { version: "3.5.0" },
    storage: { luks: [{ name: "a", device: "/dev/a", ...fields }] },
  });

  test.each([
    [{}, "3.3.0"],
    [{ discard: null, cex: {}, openOptions: [] }, "3.3.0"],
    [{ discard: false }, "3.4.0"],
    [{ openOptions: ["a"] }, "3.4.0"],
    [{ clevis: { tang: [{ url: "http://a", advertisement: "{}" }] } }, "3.4.0"],
    [{ keyFile: { source: "arn:aws:s3:::b/k" } }, "3.4.0"],
    [{ cex: { enabled: true }, discard: true }, "3.5.0"],
  ])("is the lowest that has %j: %s", (fields, version) => {
    expect(minimumVersion(luks(fields))).toBe(version);
  });
});
