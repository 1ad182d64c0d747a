// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { exclusively } from "../../../../../modules/provider/build/exclusive.ts";

let folder: string;
let lock: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "exclusive-"));
  lock = join(folder, "locks/one");
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("exclusively()", () => {
  it("lets one work at a time", async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    await Promise.all([1, 2, 3, 4].map(() => exclusively(lock, {}, work)));
    expect(most).toBe(1);
  });

  it("gives the lock back when the work fails", async () => {
    const failure = exclusively(lock, {}, async () => {
      throw new Error("no luck");
    });
    await expect(failure).rejects.toThrow("no luck");
    await expect(exclusively(lock, {}, async () => "next")).resolves.toBe("next");
  });

  it("says when it waits, and stops waiting when told", async () => {
    const abort = new AbortController();
    await exclusively(lock, {}, async () => {
      const waiting = exclusively(
        lock,
        { signal: abort.signal, onWait: () => abort.abort(new Error("Interrupted")) },
        async () => "never",
      );
      await expect(waiting).rejects.toThrow("Interrupted");
    });
  });

  it("passes on from a process that was killed", async () => {
    const module = join(import.meta.dirname, "../../../../../modules/provider/build/exclusive.ts");
    const program = `const { exclusively } = await import(${JSON.stringify(module)});
      await exclusively(${JSON.stringify(lock)}, {}, () => { console.log("inside"); return new Promise(() => setInterval(() => {}, 1000)); });`;
    const holder = spawn(process.execPath, ["--input-type=module", "--eval", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(holder.stdout, "data");
    const next = exclusively(lock, {}, async () => "mine");
    holder.kill("SIGKILL");
    await expect(next).resolves.toBe("mine");
  });
});
