// SPDX-License-Identifier: Apache-2.0
// Servers that send, but almost nothing. The clock is turned by the test, the connection is real.

import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { type HttpResponse, openUrl } from "../../../../runtime/image/net/http.ts";

let server: Server;
let socket: Promise<Socket>;
let url: URL;

beforeEach(async () => {
  socket = new Promise((resolve) => {
    server = createServer(resolve);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/image.aci`);
  jest.useFakeTimers({
    doNotFake: ["Date", "hrtime", "nextTick", "performance", "queueMicrotask", "setImmediate"],
  });
});
afterEach(async () => {
  jest.useRealTimers();
  (await socket).destroy();
  server.close();
});

const HEAD = "HTTP/1.1 200 OK\r\n";

async function answered(head: string): Promise<{ to: Socket; response: HttpResponse }> {
  const opened = openUrl(url, {});
  const to = await socket;
  to.write(`${HEAD}${head}\r\n\r\n`);
  return { to, response: await opened };
}

describe("openUrl()", () => {
  it("gives up an answer of which less than 1 KiB a second arrives, and says so", async () => {
    const { to, response } = await answered("content-length: 1000000");
    const body = response.body[Symbol.asyncIterator]();
    for (let second = 0; second < 59; second += 1) {
      to.write("x");
      expect((await body.next()).value).toEqual(Buffer.from("x"));
      const next = body.next();
      jest.advanceTimersByTime(1000);
      to.write("y");
      expect((await next).value).toEqual(Buffer.from("y"));
    }
    const last = body.next();
    jest.advanceTimersByTime(1000);
    await expect(last).rejects.toThrow(
      `Cannot fetch "${url}": given up after 118 of 1000000 bytes: fewer than 1024 bytes a second for 60 seconds`,
    );
  });

  it("gives up a server that sends, but nothing of its content", async () => {
    const { to, response } = await answered("transfer-encoding: chunked");
    const next = response.body[Symbol.asyncIterator]().next();
    to.write("1;extension=");
    jest.advanceTimersByTime(60_000);
    await expect(next).rejects.toThrow("given up after 0 bytes: fewer than 1024 bytes a second");
  });

  it("takes all from a server that is just fast enough", async () => {
    const { to, response } = await answered("connection: close");
    const body = response.body[Symbol.asyncIterator]();
    for (let minute = 0; minute < 5; minute += 1) {
      to.write(Buffer.alloc(60 * 1024));
      for (let received = 0; received < 60 * 1024; ) {
        received += (await body.next()).value?.length ?? 0;
      }
      const next = body.next();
      jest.advanceTimersByTime(60_000);
      to.write("x");
      expect((await next).value).toEqual(Buffer.from("x"));
    }
    to.end();
    expect(await body.next()).toEqual({ done: true, value: undefined });
  });

  it("does not blame a server for what takes long here", async () => {
    const { to, response } = await answered("content-length: 2");
    const body = response.body[Symbol.asyncIterator]();
    to.write("x");
    await body.next();
    jest.advanceTimersByTime(600_000);
    to.write("y");
    expect((await body.next()).value).toEqual(Buffer.from("y"));
    expect((await body.next()).done).toBe(true);
  });

  it("gives up a server that sends the head of its answer in drops", async () => {
    const opened = openUrl(url, {});
    const to = await socket;
    to.write(`${HEAD}x-slow: `);
    jest.advanceTimersByTime(60_000);
    await expect(opened).rejects.toThrow(
      `Cannot fetch "${url}": no complete head of an answer within 60 seconds`,
    );
  });
});
