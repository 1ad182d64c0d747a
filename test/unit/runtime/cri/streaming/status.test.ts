// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { plainText, SUCCESS, statusJson } from "../../../../../runtime/cri/streaming/status.ts";

describe("statusJson()", () => {
  it("says success", () => {
    expect(JSON.parse(statusJson(SUCCESS))).toEqual({ metadata: {}, status: "Success" });
  });

  it("says an exit code where kubectl looks for it", () => {
    expect(JSON.parse(statusJson({ kind: "exited", exitCode: 137 }))).toEqual({
      metadata: {},
      status: "Failure",
      message: "command terminated with non-zero exit code: 137",
      reason: "NonZeroExitCode",
      details: { causes: [{ reason: "ExitCode", message: "137" }] },
    });
  });

  it("says why there is no exit code", () => {
    const message = "error executing command in container: no such file";
    expect(JSON.parse(statusJson({ kind: "failed", message: "no such file" }))).toEqual({
      metadata: {},
      status: "Failure",
      message: `Internal error occurred: ${message}`,
      reason: "InternalError",
      details: { causes: [{ message }] },
      code: 500,
    });
  });
});

describe("plainText()", () => {
  it("says nothing but failures", () => {
    expect(plainText(SUCCESS)).toBe("");
    expect(plainText({ kind: "exited", exitCode: 2 })).toContain("exit code: 2");
    expect(plainText({ kind: "failed", message: "gone" })).toContain("gone");
  });
});
