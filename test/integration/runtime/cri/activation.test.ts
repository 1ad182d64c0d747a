// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { coreflyArgv } from "../../../helpers/corefly.ts";
import { criClient } from "../../../helpers/cri-client.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

/** As systemd does it: the socket is descriptor 3, and the pid is the one of the program that is finally executed. */
const LISTEN_AND_EXEC = `
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
log = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT)
os.dup2(log, 1), os.dup2(log, 2), os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[3], sys.argv[3:])
`;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "cri-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("corefly cri on a socket of systemd's", () => {
  it("serves what is passed as descriptor 3 and leaves the socket's file alone", async () => {
    const socket = join(dir, "given.sock");
    const argv = coreflyArgv(["cri", `--dir=${dir}/d`, `--state-dir=${dir}/s`]);
    const server = spawn(
      "python3",
      ["-c", LISTEN_AND_EXEC, socket, join(dir, "log"), process.execPath, ...argv],
      { stdio: "ignore" },
    );
    const ended = new Promise((resolve) => server.once("exit", resolve));
    const client = criClient(socket);
    try {
      await waitFor(async () => {
        const { runtimeName } = await client.runtime.version({}, { timeoutMs: 1000 });
        return runtimeName === "corefly";
      });
    } finally {
      client.close();
      server.kill("SIGTERM");
      await ended;
    }
    expect(existsSync(join(dir, "s/cri.sock"))).toBe(false);
    expect(readFileSync(join(dir, "log"), "utf8")).toContain("info: Serving");
  });
});

describe("corefly cri", () => {
  it.each([
    [["--log-level=loud"], 'Cannot use log level "loud": expected debug, info, warn or error'],
    [
      ["--listen=localhost:1"],
      'Cannot listen on "localhost:1": expected the path of a unix socket',
    ],
    [["extra"], 'Unknown argument "extra": cri takes only flags'],
  ])("refuses %j in one line", async (args, message) => {
    const argv = coreflyArgv(["cri", `--dir=${dir}/d`, `--state-dir=${dir}/s`, ...args]);
    const child = spawn(process.execPath, argv, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin" },
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(code).toBe(254);
    expect(stderr.split("\n").filter((line) => line.startsWith("cri: "))).toEqual([
      `cri: ${message}`,
    ]);
  });
});
