// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { runWithDeadline } from "../../../../modules/provider/deadline.ts";
import { PartialCreateError } from "../../../../modules/provider/handler.ts";

const what = 'create Machine "m"';
const never = new AbortController().signal;

describe("runWithDeadline()", () => {
  it("gives what the work gives", async () => {
    const deadline = { what, timeoutSeconds: 5, signal: never };
    await expect(runWithDeadline(async () => 7, deadline)).resolves.toBe(7);
  });

  it("says that the time is over when the work only says that it was aborted", async () => {
    await expect(
      runWithDeadline(async (signal) => await sleep(60_000, undefined, { signal }), {
        what,
        timeoutSeconds: 0.02,
        signal: never,
      }),
    ).rejects.toThrow('Cannot create Machine "m": took longer than 0.02 s');
  });

  it("lets the work say what it has made until then", async () => {
    const work = async (signal: AbortSignal) => {
      await sleep(60_000, undefined, { signal }).catch(() => undefined);
      throw new PartialCreateError("id", {}, "unit a.service failed");
    };
    await expect(
      runWithDeadline(work, { what, timeoutSeconds: 0.02, signal: never }),
    ).rejects.toThrow("unit a.service failed");
  });

  it("says when the user cancelled, before or during the work", async () => {
    const user = new AbortController();
    const wait = async (signal: AbortSignal) => await sleep(60_000, undefined, { signal });
    const running = runWithDeadline(wait, { what, timeoutSeconds: 5, signal: user.signal });
    user.abort();
    await expect(running).rejects.toThrow('Cannot create Machine "m": cancelled');
    await expect(
      runWithDeadline(wait, { what, timeoutSeconds: 5, signal: user.signal }),
    ).rejects.toThrow('Cannot create Machine "m": cancelled');
  });
});
