// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { isCrunOf, isPluginOf } from "../../../../../runtime/cri/pods/stray-programs.ts";

const UUID = "4b2fceb2-bb3c-d41e-cfc1-29df0c24f858";
const ID = "ab".repeat(32);

describe("isPluginOf()", () => {
  it("knows a plugin by the pod in its environment, whole", () => {
    expect(isPluginOf(`CNI_COMMAND=ADD\0CNI_CONTAINERID=${UUID}\0`, UUID)).toBe(true);
    expect(isPluginOf(`CNI_COMMAND=ADD\0CNI_CONTAINERID=${UUID}0\0`, UUID)).toBe(false);
    expect(isPluginOf(`X=CNI_CONTAINERID=${UUID}\0`, UUID)).toBe(false);
    expect(isPluginOf("", UUID)).toBe(false);
  });
});

describe("isCrunOf()", () => {
  it("knows crun by the id of the pod's init process, nobody else", () => {
    const line = (program: string, id: string) => `${program}\0--root=/r\0run\0${id}\0`;
    expect(isCrunOf(line("/usr/bin/crun", `${ID}-init`), ID)).toBe(true);
    expect(isCrunOf(line("/usr/bin/crun", `${"cd".repeat(32)}-init`), ID)).toBe(false);
    expect(isCrunOf(line("/usr/bin/conmon", `${ID}-init`), ID)).toBe(false);
    expect(isCrunOf("", ID)).toBe(false);
  });
});
