// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { readOutput, runLogged } from "../../../../../modules/provider/build/command.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "command-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const sh = (script: string) => ({ file: "/bin/sh", args: ["-c", script] });

describe("runLogged()", () => {
  it("keeps all output and gives each line away", async () => {
    const log = join(folder, "logs/x.log");
    const lines: string[] = [];
    await runLogged(sh("echo out; echo err >&2"), log, (line) => lines.push(line));
    expect(lines.sort()).toEqual(["err", "out"]);
    expect(readFileSync(log, "utf8").split("\n").sort()).toEqual(["", "err", "out"]);
  });

  it("fails with how it ended, the last lines and where the others are", async () => {
    const log = join(folder, "x.log");
    const failing = runLogged(sh("seq 1 100; exit 7"), log);
    await expect(failing).rejects.toThrow(
      new RegExp(`exited with 7; its last lines, all of them in ${log}:\n86\n(.|\n)*\n100$`),
    );
  });

  it("interrupts the program when told, and says why", async () => {
    const abort = new AbortController();
    const log = join(folder, "x.log");
    const running = runLogged({ file: "/bin/sleep", args: ["60"], signal: abort.signal }, log);
    setImmediate(() => abort.abort(new Error("Interrupted by the user")));
    await expect(running).rejects.toThrow("Interrupted by the user");
  });

  it("names a program that is not there", async () => {
    const running = runLogged({ file: "/no/such/program", args: [] }, join(folder, "x.log"));
    await expect(running).rejects.toThrow(/^Cannot run \/no\/such\/program: .*ENOENT/);
  });
});

describe("readOutput()", () => {
  it("returns standard output alone", async () => {
    expect(await readOutput(sh("echo out; echo err >&2"))).toBe("out\n");
  });

  it("fails with what the program complained about", async () => {
    await expect(readOutput(sh("echo broken >&2; exit 3"))).rejects.toThrow(
      "/bin/sh -c echo broken >&2; exit 3 exited with 3: broken",
    );
  });
});
