// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { isActivated, listenOnPath, socketPath } from "../../../../runtime/cri/socket.ts";
import { linuxSystem } from "../../../../runtime/system/linux.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "cri-socket-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("socketPath()", () => {
  it("takes paths and unix addresses", () => {
    for (const address of ["/run/x.sock", "unix:///run/x.sock", "unix:/run/x.sock"]) {
      expect(socketPath(address)).toBe("/run/x.sock");
    }
  });

  it("refuses what is no path, and one that the kernel would cut off", () => {
    expect(() => socketPath("127.0.0.1:80")).toThrow(
      'Cannot listen on "127.0.0.1:80": expected the path of a unix socket',
    );
    expect(() => socketPath(`/${"x".repeat(107)}`)).toThrow("longer than 107 bytes");
  });
});

describe("isActivated()", () => {
  it("only when the socket is meant for this process", () => {
    expect(isActivated({ LISTEN_PID: "7", LISTEN_FDS: "1" }, 7)).toBe(true);
    expect(isActivated({ LISTEN_PID: "8", LISTEN_FDS: "1" }, 7)).toBe(false);
    expect(isActivated({}, 7)).toBe(false);
  });
});

describe("listenOnPath()", () => {
  it("makes a socket for the owner and group, in place of one that nobody serves", async () => {
    const path = join(dir, "a/s");
    const first = await listenOnPath(linuxSystem(), path);
    expect(statSync(path).mode & 0o777).toBe(0o660);
    await expect(listenOnPath(linuxSystem(), path)).rejects.toThrow("another server does");
    // As kill -9 leaves it: the file stays, nobody listens.
    first.unref();
    await new Promise((resolve) => first.close(resolve));
    const second = await listenOnPath(linuxSystem(), path);
    const client = connect(path);
    await new Promise((resolve) => client.once("connect", resolve));
    client.destroy();
    await new Promise((resolve) => second.close(resolve));
  });
});
