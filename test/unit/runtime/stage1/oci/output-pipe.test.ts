// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { SystemError } from "../../../../../runtime/errors.ts";
import { openOutputPipes } from "../../../../../runtime/stage1/oci/output-pipe.ts";
import { linuxSystem } from "../../../../../runtime/system/linux.ts";
import { waitFor } from "../../../../helpers/wait-for.ts";

const system = linuxSystem();
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pipes-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const descriptors = () => readdirSync("/proc/self/fd").length;

describe("openOutputPipes()", () => {
  it.each([1, 2, 3, 4])(
    "leaves nothing open when the descriptors run out at the %dth",
    async (nth) => {
      let count = 0;
      const openSync: typeof system.files.openSync = (...args) => {
        count += 1;
        if (count === nth) {
          throw new SystemError("open", "EMFILE", String(args[0]));
        }
        return system.files.openSync(...args);
      };
      const before = descriptors();
      expect(() =>
        openOutputPipes({ ...system, files: { ...system.files, openSync } }, join(dir, "x")),
      ).toThrow("EMFILE");
      await waitFor(() => descriptors() === before);
      expect(readdirSync(dir)).toEqual([]);
    },
  );
});
