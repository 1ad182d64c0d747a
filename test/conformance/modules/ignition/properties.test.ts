// SPDX-License-Identifier: Apache-2.0
// What our builders make and we accept, Ignition's validator accepts; what it refuses, we refuse.
import { beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  build,
  errorsOf,
  file,
  render,
  unit,
  validate,
} from "../../../../modules/ignition/index.ts";
import { anyParts, nearlyUnitText, nearlyUrl } from "./arbitraries.ts";
import { ignitionValidate } from "./ignition-validate.ts";
import { OBTAIN_TIMEOUT_MS, validatorProgram } from "./programs.ts";

let program = "";
beforeAll(async () => {
  program = await validatorProgram();
}, OBTAIN_TIMEOUT_MS);

test("validate() accepts no config of the builders that Ignition refuses", () => {
  let accepted = 0;
  fc.assert(
    fc.property(anyParts, (parts) => {
      const config = build(parts);
      if (errorsOf(validate(config)).length > 0) return;
      accepted++;
      const report = ignitionValidate(program, render(config));
      expect(report.refused).toBe(false);
      expect(report.verdicts.filter(({ code }) => code === "UnusedKey")).toEqual([]);
    }),
    { numRuns: 400 },
  );
  expect(accepted).toBeGreaterThan(100);
});

test("validate() refuses all unit text that Ignition refuses", () => {
  fc.assert(
    fc.property(fc.array(nearlyUnitText, { minLength: 20, maxLength: 40 }), (texts) => {
      const units = texts.map((contents, index) => unit(`u${index}.service`, { contents }));
      agree(build({ units }), ["contents"]);
    }),
    { numRuns: 100 },
  );
});

test("validate() refuses all URLs that Ignition refuses", () => {
  const sha512 = "0".repeat(128);
  fc.assert(
    fc.property(fc.array(nearlyUrl, { minLength: 20, maxLength: 40 }), (sources) => {
      const files = sources.map((source, index) => file(`/opt/${index}`, { source, sha512 }));
      agree(build({ files }), ["contents.source"]);
    }),
    { numRuns: 100 },
  );
});

/** Every place that Ignition refuses in `config` has a finding of ours. */
function agree(config: ReturnType<typeof build>, fields: readonly string[]): void {
  const report = ignitionValidate(program, render(config));
  const theirs = report.verdicts.filter(({ severity }) => severity === "error");
  const ours = new Set(errorsOf(validate(config)).map(({ path }) => path));
  const places = theirs.filter(({ path }) => fields.some((field) => path.endsWith(`.${field}`)));
  expect(theirs).toEqual(places);
  expect(places.filter(({ path }) => !ours.has(path))).toEqual([]);
}
