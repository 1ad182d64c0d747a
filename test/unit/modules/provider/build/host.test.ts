// SPDX-License-Identifier: Apache-2.0
import { homedir } from "node:os";
import { describe, expect, it } from "@jest/globals";
import { defaultCacheDir } from "../../../../../modules/provider/build/host.ts";

describe("defaultCacheDir()", () => {
  it.each([
    [{ COREFLY_CACHE: "/c", XDG_CACHE_HOME: "/x" }, "/c"],
    [{ XDG_CACHE_HOME: "/x" }, "/x/corefly"],
    [{ COREFLY_CACHE: "", XDG_CACHE_HOME: "" }, `${homedir()}/.cache/corefly`],
  ])("of %j is %s", (environment, folder) => {
    expect(defaultCacheDir(environment)).toBe(folder);
  });
});
