// SPDX-License-Identifier: Apache-2.0
// Sockets, pipes and terminals that Node cannot make, against the real kernel.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, createServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { SCHED_OTHER, SCHED_RESET_ON_FORK } from "../../../../runtime/system/constants.ts";
import { linuxSystem } from "../../../../runtime/system/linux.ts";

const { kernel, files } = linuxSystem();
let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sockets-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe("Sockets", () => {
  it("openPipe() has two ends", () => {
    const { readFd, writeFd } = kernel.openPipe();
    files.writeSync(writeFd, "through");
    files.closeSync(writeFd);
    expect(files.readFileSync(readFd, "utf8")).toBe("through");
    files.closeSync(readFd);
  });

  it("openTcpSocket() gives what Node connects", async () => {
    const server = createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { readonly port: number };
    const socket = new Socket({ fd: kernel.openTcpSocket(4) }).connect(port, "127.0.0.1");
    expect(
      await new Promise((resolve) => socket.once("data", (data) => resolve(String(data)))),
    ).toBe("hello");
    server.close();
  });

  it("receives a descriptor that a program sends", async () => {
    const path = join(dir, "s");
    const listener = kernel.listenOnUnixSocket(path);
    expect(kernel.acceptConnection(listener)).toBeUndefined();
    const program =
      "import socket,sys,array\ns=socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n" +
      "f=open('/etc/passwd')\nsocket.send_fds(s,[b'x'],[f.fileno()])";
    const sent = spawnSync("python3", ["-c", program, path]);
    expect(String(sent.stderr)).toBe("");
    const connection = kernel.acceptConnection(listener);
    expect(connection).toBeDefined();
    const fd = kernel.receiveDescriptor(connection ?? -1);
    expect(files.readlinkSync(`/proc/self/fd/${fd}`)).toBe("/etc/passwd");
    // The sender has gone without another.
    expect(() => kernel.receiveDescriptor(connection ?? -1)).toThrow("ENODATA");
    for (const each of [fd, connection, listener]) {
      files.closeSync(each ?? -1);
    }
  });

  it("says that nothing has come yet", async () => {
    const path = join(dir, "s");
    const listener = kernel.listenOnUnixSocket(path);
    const client = createConnection(path);
    await new Promise((resolve) => client.once("connect", resolve));
    const connection = kernel.acceptConnection(listener) ?? -1;
    expect(kernel.receiveDescriptor(connection)).toBeUndefined();
    client.destroy();
    files.closeSync(connection);
    files.closeSync(listener);
  });

  it("refuses paths that do not fit into an address", () => {
    const long = join(dir, "x".repeat(120));
    expect(() => kernel.listenOnUnixSocket(long)).toThrow("ENAMETOOLONG");
    expect(() => kernel.connectToPacketSocket(`${dir}/a\0b`)).toThrow("ENAMETOOLONG");
    expect(() => kernel.connectToPacketSocket(join(dir, "none"))).toThrow("ENOENT");
  });
});

describe("unreadBytes()", () => {
  it("counts at either end of a pipe", () => {
    const { readFd, writeFd } = kernel.openPipe();
    files.writeSync(writeFd, "12345");
    expect([kernel.unreadBytes(readFd), kernel.unreadBytes(writeFd)]).toEqual([5, 5]);
    files.readSync(readFd, Buffer.alloc(5));
    expect(kernel.unreadBytes(writeFd)).toBe(0);
    files.closeSync(readFd);
    files.closeSync(writeFd);
    expect(() => kernel.unreadBytes(writeFd)).toThrow("EBADF");
  });
});

describe("setWindowSize()", () => {
  it("sets what windowSize() reads", () => {
    const fd = files.openSync("/dev/ptmx", "r+");
    expect(kernel.windowSize(fd)).toEqual({ rows: 0, columns: 0 });
    kernel.setWindowSize(fd, { rows: 33, columns: 77 });
    expect(kernel.windowSize(fd)).toEqual({ rows: 33, columns: 77 });
    files.closeSync(fd);
  });
});

describe("setScheduler()", () => {
  it("takes a process and refuses nonsense", () => {
    kernel.setScheduler(process.pid, SCHED_OTHER | SCHED_RESET_ON_FORK, 0);
    kernel.setScheduler(process.pid, SCHED_OTHER, 0);
    expect(() => kernel.setScheduler(process.pid, SCHED_OTHER, 99)).toThrow("EINVAL");
  });
});
