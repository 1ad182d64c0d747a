// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { silentLog } from "../../../../../runtime/cri/log.ts";
import { openPortStreams } from "../../../../../runtime/cri/streaming/port-streams.ts";
import { StreamingServer } from "../../../../../runtime/cri/streaming/server.ts";
import { linuxClock } from "../../../../../runtime/system/clock.ts";
import { SpdyClient } from "../../../../helpers/spdy-client.ts";
import { waitFor } from "../../../../helpers/wait-for.ts";

let server: StreamingServer;
beforeEach(async () => {
  server = new StreamingServer({ clock: linuxClock, log: silentLog });
  await server.listen();
});
afterEach(() => server.close());

describe("openPortStreams() over SPDY", () => {
  it("carries one connection while nobody reads 3 MiB of another", async () => {
    const url = server.offer("portforward", async (client) => {
      openPortStreams(client, [], async ({ port, data }) => {
        if (port === 2) {
          data.pipe(data);
        }
      });
    });
    const client = await SpdyClient.connect(url, undefined, ["portforward.k8s.io"]);
    const connect = async (port: string) => {
      await client.open({ streamtype: "error", port, requestid: port });
      return await client.open({ streamtype: "data", port, requestid: port });
    };
    const [stuck, alive] = [await connect("1"), await connect("2")];
    await stuck.send(Buffer.alloc(3 * 1024 * 1024));
    await alive.send("alive");
    await waitFor(async () => String(alive.received()) === "alive");
    client.close();
  });

  it("forgets streams that the client has reset before their connection was complete", async () => {
    const url = server.offer("portforward", async (client) => {
      openPortStreams(client, [], async ({ port, data }) => {
        data.end(String(port));
      });
    });
    const client = await SpdyClient.connect(url, undefined, ["portforward.k8s.io"]);
    (await client.open({ streamtype: "error", port: "1", requestid: "7" })).reset();
    client.ping(1);
    await waitFor(async () => client.frames.some(({ kind }) => kind === "ping"));
    // The same request, as if nothing had been.
    await client.open({ streamtype: "error", port: "2", requestid: "7" });
    const data = await client.open({ streamtype: "data", port: "2", requestid: "7" });
    expect(String(await data.ended)).toBe("2");
    client.close();
  });
});
