// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { KeyedLock } from "../../../../runtime/cri/keyed-lock.ts";

describe("KeyedLock", () => {
  it("runs tasks of one key one after the other, in order, also after a failure", async () => {
    const lock = new KeyedLock();
    const seen: string[] = [];
    const first = Promise.withResolvers<void>();
    const a = lock.run("k", async () => {
      seen.push("a begins");
      await first.promise;
      seen.push("a ends");
      throw new Error("a fails");
    });
    const b = lock.run("k", async () => {
      seen.push("b");
      return 7;
    });
    first.resolve();
    await expect(a).rejects.toThrow("a fails");
    expect(await b).toBe(7);
    expect(seen).toEqual(["a begins", "a ends", "b"]);
  });

  it("tasks of other keys do not wait, and keys are forgotten", async () => {
    const lock = new KeyedLock();
    const held = Promise.withResolvers<void>();
    const a = lock.run("a", () => held.promise);
    expect(await lock.run("b", async () => "now")).toBe("now");
    expect(lock.size).toBe(1);
    held.resolve();
    await a;
    expect(lock.size).toBe(0);
  });
});
