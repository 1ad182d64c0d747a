// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { createConnection, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import { silentLog } from "../../../../../runtime/cri/log.ts";
import { openCommandStreams } from "../../../../../runtime/cri/streaming/command-streams.ts";
import { READ_AHEAD_BYTES } from "../../../../../runtime/cri/streaming/read-ahead.ts";
import {
  DEFAULT_LIMITS,
  type Limits,
  type Session,
  StreamingServer,
} from "../../../../../runtime/cri/streaming/server.ts";
import {
  type SpdyConnection,
  type SpdyStream,
  serveSpdy,
} from "../../../../../runtime/cri/streaming/spdy/connection.ts";
import { SUCCESS } from "../../../../../runtime/cri/streaming/status.ts";
import { linuxClock } from "../../../../../runtime/system/clock.ts";
import { SpdyClient, upgrade } from "../../../../helpers/spdy-client.ts";
import { waitFor } from "../../../../helpers/wait-for.ts";

const servers: StreamingServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    await server.close();
  }
});

async function start(limits: Partial<Limits> = {}): Promise<StreamingServer> {
  const server = new StreamingServer({
    clock: linuxClock,
    log: silentLog,
    limits: { ...DEFAULT_LIMITS, ...limits },
  });
  servers.push(server);
  await server.listen();
  return server;
}

/** A session that gives the client's streams to the test and does nothing with them. */
function bare(
  onStream: (stream: SpdyStream) => void = () => {},
  readAheadBytes: number = READ_AHEAD_BYTES.command,
  onConnection: (connection: SpdyConnection, socket: Socket) => void = () => {},
): Session {
  return async ({ socket, head, limits }) => {
    const connection = serveSpdy(socket, head, {
      limits,
      readAheadBytes,
      onStream: (stream) => {
        stream.body.on("error", () => {});
        onStream(stream);
      },
    });
    onConnection(connection, socket as Socket);
  };
}

const never: Session = async () => {
  throw new Error("Must not begin");
};
const spdy = { upgrade: "SPDY/3.1", "x-stream-protocol-version": "v4.channel.k8s.io" };

describe("StreamingServer", () => {
  it("refuses what is no upgrade, what has no token, and what speaks nothing of ours", async () => {
    const server = await start();
    const offer = () => server.offer("exec", never);
    const answers = [
      await upgrade(offer(), { connection: "close" }),
      await upgrade(offer().replace("/exec/", "/attach/"), spdy),
      await upgrade(`${offer()}x`, spdy),
      await upgrade(offer(), { ...spdy, "x-stream-protocol-version": "v1.channel.k8s.io" }),
      await upgrade(offer(), { upgrade: "h2c" }),
    ];
    expect(answers.map((answer) => "status" in answer && answer.status)).toEqual([
      400, 404, 404, 403, 400,
    ]);
  });

  it("ends what it has refused, also for a client that never ends its side", async () => {
    const server = await start();
    const { port } = new URL(server.offer("exec", never));
    const socket = createConnection({ port: Number(port), host: "127.0.0.1", allowHalfOpen: true });
    socket.write(
      "POST /exec/none HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n",
    );
    const answer = await new Promise((resolve) => socket.once("data", resolve));
    expect(String(answer)).toContain("404");
    servers.length = 0;
    await server.close();
    socket.destroy();
  });

  it("does not offer before it listens", () => {
    const server = new StreamingServer({ clock: linuxClock, log: silentLog });
    expect(() => server.offer("exec", never)).toThrow("the server does not listen");
  });

  it("closes the connection of a session that fails", async () => {
    const server = await start();
    const client = await SpdyClient.connect(server.offer("exec", never));
    await client.closed;
  });

  it("ends a client that does not open its streams in time", async () => {
    const server = await start({ creationMs: 50 });
    let opened: unknown = "pending";
    const url = server.offer("exec", async (client) => {
      const wanted = { stdin: false, stdout: true, stderr: true, tty: false };
      opened = await openCommandStreams(client, wanted);
    });
    const client = await SpdyClient.connect(url);
    await client.open({ streamtype: "error" });
    await client.open({ streamtype: "stdout" });
    await client.closed;
    expect(opened).toBeUndefined();
  });

  it("resets streams that were not asked for, and those that are there already", async () => {
    const server = await start();
    const url = server.offer("exec", async (client) => {
      const wanted = { stdin: false, stdout: true, stderr: false, tty: false };
      await (await openCommandStreams(client, wanted))?.finish(SUCCESS);
    });
    const client = await SpdyClient.connect(url);
    const error = await client.open({ streamtype: "error" });
    for (const streamtype of ["stdin", "error", ""]) {
      await expect((await client.open({ streamtype })).ended).rejects.toThrow("reset with 5");
    }
    await client.open({ streamtype: "stdout" });
    expect(String(await error.ended)).toContain("Success");
    await client.closed;
  });

  it("ends a connection without data, pings or not, and none on which data flows", async () => {
    const server = await start({ idleMs: 200 });
    const [idle, busy] = [
      await SpdyClient.connect(server.offer("exec", bare())),
      await SpdyClient.connect(
        server.offer(
          "exec",
          bare(({ body }) => body.resume()),
        ),
      ),
    ];
    const stream = await busy.open({ streamtype: "stdin" });
    let isBusyClosed = false;
    void busy.closed.then(() => {
      isBusyClosed = true;
    });
    const timer = setInterval(() => {
      idle.ping(1);
      void stream.send("x");
    }, 50);
    await idle.closed;
    await new Promise((resolve) => setTimeout(resolve, 100));
    clearInterval(timer);
    expect(isBusyClosed).toBe(false);
    busy.close();
  });

  it("ends every session when it is closed", async () => {
    const server = await start();
    const client = await SpdyClient.connect(server.offer("exec", bare()));
    await server.close();
    await client.closed;
    servers.length = 0;
  });
});

describe("StreamingServer's socket", () => {
  it("takes no more connections than it has descriptors for, and goes on when there is room", async () => {
    const { port } = new URL((await start({ connections: 2 })).offer("exec", never));
    const open = () => createConnection(Number(port), "127.0.0.1");
    const ended = (socket: Socket) =>
      new Promise((resolve) => {
        socket.once("error", () => {});
        socket.once("close", () => resolve("closed"));
        socket.once("data", (data) => resolve(String(data).slice(9, 12)));
        socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      });
    const held = [open(), open()];
    await Promise.all(held.map((each) => new Promise((resolve) => each.once("connect", resolve))));
    await waitFor(async () => (await ended(open())) === "closed");
    held.forEach((each) => void each.destroy());
    await waitFor(async () => (await ended(open())) === "400");
  });

  it("is on the loopback's one address, not on others of this machine", async () => {
    const { port } = new URL((await start()).offer("exec", never));
    const connect = (host: string) =>
      new Promise((resolve) => {
        const socket = createConnection(Number(port), host, () => {
          socket.destroy();
          resolve("open");
        });
        socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
      });
    expect(await connect("127.0.0.1")).toBe("open");
    for (const host of ["127.0.0.2", "::1"]) {
      expect(["ECONNREFUSED", "EADDRNOTAVAIL"]).toContain(await connect(host));
    }
  });
});

describe("serveSpdy()", () => {
  it("answers odd pings, and no even ones", async () => {
    const server = await start();
    const client = await SpdyClient.connect(server.offer("exec", bare()));
    client.ping(2);
    client.ping(7);
    await waitFor(async () => client.frames.length > 0);
    expect(client.frames).toEqual([{ kind: "ping", id: 7 }]);
    client.close();
  });

  it("reads no more than 256 KiB ahead of a stream that nobody reads, and loses nothing", async () => {
    const server = await start();
    const streams: SpdyStream[] = [];
    let socket: Socket | undefined;
    const url = server.offer(
      "exec",
      bare(
        (stream) => streams.push(stream),
        undefined,
        (_connection, each) => {
          socket = each;
        },
      ),
    );
    const client = await SpdyClient.connect(url);
    const stream = await client.open({ streamtype: "stdin" });
    const sent = Array.from({ length: 400 }, (_, count) => Buffer.alloc(65536, count));
    for (const chunk of sent) {
      void stream.send(chunk);
    }
    await waitFor(async () => (socket?.bytesRead ?? 0) > 256 * 1024);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(socket?.bytesRead).toBeLessThan(256 * 1024 + 3 * 65536);
    const hash = createHash("sha256");
    streams[0]?.body.on("data", (chunk: Buffer) => hash.update(chunk));
    const ended = new Promise((resolve) => streams[0]?.body.once("end", resolve));
    await stream.end();
    await ended;
    expect(hash.digest("hex")).toBe(createHash("sha256").update(Buffer.concat(sent)).digest("hex"));
    client.close();
  });

  it("lets a stream that nobody reads not stop another until the connection's room is used up", async () => {
    const server = await start();
    const streams: SpdyStream[] = [];
    let connection: SpdyConnection | undefined;
    let socket: Socket | undefined;
    const url = server.offer(
      "portforward",
      bare(
        (stream) => streams.push(stream),
        2 * 1024 * 1024,
        (...both) => {
          [connection, socket] = both;
        },
      ),
    );
    const client = await SpdyClient.connect(url, undefined, ["portforward.k8s.io"]);
    const [slow, fast] = [await client.open({}), await client.open({})];
    for (let count = 0; count < 28; count += 1) {
      await slow.send(Buffer.alloc(65536, count));
    }
    await fast.send("first");
    await waitFor(async () => String(streams[1]?.body.read() ?? "") === "first");
    for (let count = 28; count < 300; count += 1) {
      void slow.send(Buffer.alloc(65536, count));
    }
    void fast.send("second");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(streams[1]?.body.read()).toBeNull();
    expect(socket?.bytesRead).toBeLessThan(2 * 1024 * 1024 + 3 * 65536);
    // A stream that is given up makes room for the others.
    streams[0]?.body.destroy();
    await waitFor(async () => String(streams[1]?.body.read() ?? "") === "second");
    expect(connection?.closed.aborted).toBe(false);
    client.close();
  });

  it("notices that a client has gone which it holds back, and does not take it for gone while it is there", async () => {
    const server = await start({ probeMs: 50 });
    let connection: SpdyConnection | undefined;
    const url = server.offer(
      "exec",
      bare(undefined, 1024, (each) => {
        connection = each;
      }),
    );
    const client = await SpdyClient.connect(url);
    const stream = await client.open({ streamtype: "stdin" });
    void stream.send(Buffer.alloc(20 * 1024 * 1024));
    await waitFor(async () => client.frames.filter(({ kind }) => kind === "ping").length >= 3);
    expect(client.frames.slice(0, 2)).toEqual([
      expect.objectContaining({ kind: "syn-reply" }),
      { kind: "ping", id: 2 },
    ]);
    expect(connection?.closed.aborted).toBe(false);
    client.close();
    await waitFor(async () => connection?.closed.aborted === true);
  });

  it("refuses streams beyond 2000 at a time", async () => {
    const server = await start();
    const client = await SpdyClient.connect(server.offer("exec", bare()));
    for (let count = 0; count < 2000; count += 1) {
      await client.open({ streamtype: "data" });
    }
    await expect((await client.open({ streamtype: "data" })).ended).rejects.toThrow("reset with 3");
    client.close();
  });

  it("ends when the client says GOAWAY and has no streams", async () => {
    const server = await start();
    const client = await SpdyClient.connect(
      server.offer(
        "exec",
        bare(({ body }) => body.resume().end()),
      ),
    );
    const stream = await client.open({ streamtype: "data" }, true);
    client.socket.write(Buffer.from("80030007000000080000000000000000", "hex"));
    await stream.ended;
    await client.closed;
  });

  it.each([
    ["a stream of the server's", "80030001000000130000000200000000000078010000000000000000ffff"],
    ["a frame of another version", "800200060000000400000001"],
    ["headers that are no zlib", "800300010000000e000000010000000000006e6f7065"],
    ["an enormous control frame", "8003000100ffffff"],
  ])("says GOAWAY and ends on %s", async (_name, hex) => {
    const server = await start();
    const client = await SpdyClient.connect(server.offer("exec", bare()));
    client.socket.write(Buffer.from(hex, "hex"));
    await client.closed;
    expect(client.frames).toEqual([{ kind: "goaway", lastStreamId: 0, status: 1 }]);
  });

  it("ends a client that sends pings and does not fetch the answers", async () => {
    const server = await start();
    const client = await SpdyClient.connect(server.offer("exec", bare()));
    client.socket.pause();
    const pings = Buffer.concat(
      Array.from({ length: 5000 }, () => Buffer.from("800300060000000400000001", "hex")),
    );
    let isClosed = false;
    client.socket.on("close", () => {
      isClosed = true;
    });
    for (let count = 0; count < 500 && !isClosed; count += 1) {
      await new Promise<void>((resolve) => {
        client.socket.write(pings, () => resolve());
      });
    }
    expect(isClosed || client.socket.destroyed || client.socket.errored !== null).toBe(true);
  });
});
