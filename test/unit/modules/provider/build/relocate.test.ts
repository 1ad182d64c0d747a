// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { relocateArguments } from "../../../../../modules/provider/build/relocate.ts";

describe("relocateArguments()", () => {
  it("names loader and libraries by absolute paths below the runtime's folder", () => {
    expect(relocateArguments("/work/crun", "/opt/corefly/0.1.0", "amd64")).toEqual([
      "--set-interpreter",
      "/opt/corefly/0.1.0/lib/ld-linux-x86-64.so.2",
      "--force-rpath",
      "--set-rpath",
      "/opt/corefly/0.1.0/lib",
      "/work/crun",
    ]);
  });

  it("knows the loader of AArch64", () => {
    expect(relocateArguments("/x", "/r", "arm64")[1]).toBe("/r/lib/ld-linux-aarch64.so.1");
  });
});
