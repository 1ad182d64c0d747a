// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { SPDY_DICTIONARY } from "../../../../../../runtime/cri/streaming/spdy/dictionary.ts";

describe("SPDY_DICTIONARY", () => {
  it("is the draft's, byte for byte", () => {
    expect(SPDY_DICTIONARY).toHaveLength(1423);
    expect(createHash("sha256").update(SPDY_DICTIONARY).digest("hex")).toBe(
      "51d27341373f923f3cd88e1eb7162aeaa3723d7585ff2399201dc06498407f02",
    );
  });
});
