// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { grpcStatus, ReasonedError } from "../../../../runtime/cri/errors.ts";
import {
  ExecError,
  LockedError,
  NotFoundError,
  PodStateError,
  TimeoutError,
  UnsupportedError,
  UsageError,
} from "../../../../runtime/errors.ts";

describe("grpcStatus()", () => {
  it.each([
    [new UsageError("a"), 3],
    [new TimeoutError("a"), 4],
    [new NotFoundError("a"), 5],
    [new PodStateError("a"), 9],
    [new LockedError("a"), 10],
    [new UnsupportedError("a"), 12],
    [new ExecError("a", { stderrTail: "" }), 13],
    [new Error("a"), 13],
  ])("%s is code %d", (error, code) => {
    expect(grpcStatus(error)).toEqual({ code, details: "a" });
  });

  it("a reason of the kubelet's begins the text of an error of unknown code", () => {
    expect(grpcStatus(new ReasonedError("RegistryUnavailable", "no answer"))).toEqual({
      code: 2,
      details: "RegistryUnavailable: no answer",
    });
  });

  it("is one line, with causes that say something new", () => {
    const error = new UsageError("Cannot do it:\n  because", { cause: new Error("of that") });
    expect(grpcStatus(error).details).toBe("Cannot do it: because: of that");
    const repeated = new UsageError("Cannot do it: of that", { cause: new Error("of that") });
    expect(grpcStatus(repeated).details).toBe("Cannot do it: of that");
  });

  it("is short enough for a header", () => {
    expect(grpcStatus(new Error("x".repeat(100_000))).details).toHaveLength(4096);
  });

  it("also of what is no error", () => {
    expect(grpcStatus("words")).toEqual({ code: 13, details: "words" });
  });
});
