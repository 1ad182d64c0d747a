// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { type LogFields, silentLog } from "../../../../runtime/cri/log.ts";
import { tidyImages } from "../../../../runtime/cri/tidy-images.ts";
import { linuxSystem } from "../../../../runtime/system/linux.ts";

const HOUR_MS = 3_600_000;

describe("tidyImages()", () => {
  it("tidies at once and each hour, says what failed and goes on, and ends when the server does", async () => {
    const ending = new AbortController();
    const happened: unknown[] = [];
    const { clock } = linuxSystem();
    const sleep: typeof clock.sleep = async (ms) => {
      happened.push(ms);
      if (happened.filter((each) => each === HOUR_MS).length === 3) {
        ending.abort();
        throw new Error("aborted");
      }
    };
    const removeUnused = async () => {
      happened.push("tidied");
      if (happened.length > 3) {
        throw new Error("disk is broken");
      }
    };
    const warn = (message: string, fields?: LogFields) => happened.push([message, fields]);
    await tidyImages(
      { removeUnused },
      {
        system: { clock: { ...clock, sleep } },
        log: { ...silentLog, warn },
        signal: ending.signal,
      },
    );
    const failure = ["Cannot remove unused files of images", { error: "Error: disk is broken" }];
    expect(happened).toEqual(["tidied", HOUR_MS, "tidied", HOUR_MS, "tidied", failure, HOUR_MS]);
  });

  it("does nothing for a server that was already asked to end", async () => {
    const removeUnused = () => Promise.reject(new Error("not to be called"));
    const warned: string[] = [];
    const log = { ...silentLog, warn: (message: string) => warned.push(message) };
    await tidyImages({ removeUnused }, { system: linuxSystem(), log, signal: AbortSignal.abort() });
    expect(warned).toEqual([]);
  });
});
