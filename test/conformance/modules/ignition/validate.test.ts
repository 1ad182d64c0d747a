// SPDX-License-Identifier: Apache-2.0
// Our checks against the validator of the Ignition module that machines run.
import { beforeAll, describe, expect, test } from "@jest/globals";
import {
  errorsOf,
  type Finding,
  render,
  rules,
  validate,
} from "../../../../modules/ignition/index.ts";
import { goodConfigs } from "./good-configs.ts";
import { ignitionValidate, type Verdict } from "./ignition-validate.ts";
import { OBTAIN_TIMEOUT_MS, validatorProgram } from "./programs.ts";
import { refusedConfigs } from "./refused-configs.ts";
import { wrongConfigs } from "./wrong-configs.ts";
import { wrongStorageConfigs } from "./wrong-storage-configs.ts";

let program = "";
beforeAll(async () => {
  program = await validatorProgram();
}, OBTAIN_TIMEOUT_MS);

describe("validate() refuses what Ignition refuses, at the same places:", () => {
  test.each([...wrongConfigs, ...wrongStorageConfigs])(
    "%s, %s",
    (_name, theirs, config, ours = theirs) => {
      const report = ignitionValidate(program, JSON.stringify(config));
      expect(report.refused).toBe(true);
      expect(report.verdicts.map(({ code }) => code)).toContain(theirs);
      const found = errorsOf(validate(config));
      expect(found.map(({ code }) => code)).toContain(ours);
      if (ours === theirs)
        expect(report.verdicts.filter((verdict) => !isIn(found, verdict))).toEqual([]);
    },
  );
});

describe("validate() takes what Ignition takes, with the same warnings:", () => {
  test.each(goodConfigs)("%s", (_name, config, warnings = []) => {
    const text = render(config);
    const report = ignitionValidate(program, text);
    const found = validate(JSON.parse(text));
    expect(errorsOf(found)).toEqual([]);
    expect(found.map(({ code }) => code)).toEqual(warnings);
    expect(report.refused).toBe(false);
    expect(report.verdicts.filter((verdict) => !isIn(found, verdict))).toEqual([]);
    expect(validate({ ...config, ignition: { ...config.ignition } })).toEqual(found);
  });
});

describe("validate() refuses what Ignition takes and what then fails on the machine:", () => {
  test.each(refusedConfigs)("%s, %s", (_name, code, config) => {
    expect(ignitionValidate(program, JSON.stringify(config)).refused).toBe(false);
    expect(errorsOf(validate(config)).map((finding) => finding.code)).toContain(code);
  });
});

test("every rule has a case", () => {
  const cases = [
    ...[...wrongConfigs, ...wrongStorageConfigs].map(([, theirs, , ours = theirs]) => ours),
    ...refusedConfigs.map(([, code]) => code),
    ...goodConfigs.flatMap(([, , warnings = []]) => warnings),
    // Found when merging: test/unit/modules/ignition/merge.test.ts
    "InheritedVerification",
  ];
  expect([...new Set(cases)].sort()).toEqual(Object.keys(rules).sort());
});

/** Whether we found what Ignition did. */
function isIn(found: readonly Finding[], verdict: Verdict): boolean {
  // Warnings beside errors, and what is said of the text as a whole, need no counterpart
  if (!verdict.path.startsWith("$.")) return true;
  if (verdict.severity === "warning" && errorsOf(found).length > 0) return true;
  return found.some(
    (finding) =>
      finding.code === verdict.code &&
      finding.severity === verdict.severity &&
      finding.path === placeOf(verdict, finding),
  );
}

/** Ignition misnames the key file's field, and of two overlapping partitions it names either. */
function placeOf({ path, code }: Verdict, finding: Finding): string {
  if (code === "ErrInvalidLuksKeyFile") return path.replace(/keys$/, "keyFile");
  if (code === "ErrPartitionsOverlap")
    return path.replace(/\d+$/, finding.path.split(".").at(-1) ?? "");
  return path;
}
