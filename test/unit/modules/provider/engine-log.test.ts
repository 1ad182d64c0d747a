// SPDX-License-Identifier: Apache-2.0
// What reaches the engine of a resource's messages, in a process that plays the engine.

import grpc from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import engineRpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type enginePb from "@pulumi/pulumi/proto/engine_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { EngineLog } from "../../../../modules/provider/engine-log.ts";

let engine: grpc.Server;
let address: string;
let heard: string[];

beforeEach(async () => {
  heard = [];
  engine = new grpc.Server();
  engine.addService(engineRpc.EngineService, {
    log: (
      call: grpc.ServerUnaryCall<enginePb.LogRequest, emptyPb.Empty>,
      done: grpc.sendUnaryData<emptyPb.Empty>,
    ) => {
      const { request } = call;
      heard.push(
        `${request.getUrn()}${request.getEphemeral() ? " " : ": "}${request.getMessage()}`,
      );
      done(null, new emptyPb.Empty());
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    engine.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  address = `127.0.0.1:${port}`;
});
afterEach(() => engine.forceShutdown());

async function say(everySecond: boolean): Promise<readonly string[]> {
  const log = new EngineLog(address, { everySecond });
  log.status("a", "kernel (1 s)");
  log.status("b", "kernel (1 s)");
  log.status("a", "kernel (1 s)");
  log.status("a", "kernel (2 s)");
  log.info("a", "console: 1");
  log.info("a", "console: 2");
  log.status("a", "Ignition (0 s)");
  await log.flush();
  log.close();
  return heard;
}

describe("EngineLog", () => {
  it("sends each status of a resource once, in order", async () => {
    expect(await say(true)).toEqual([
      "a kernel (1 s)",
      "b kernel (1 s)",
      "a kernel (2 s)",
      "a: console: 1",
      "a: console: 2",
      "a Ignition (0 s)",
    ]);
  });

  it("sends no status that has only other numbers, where each is a line", async () => {
    expect(await say(false)).toEqual([
      "a kernel (1 s)",
      "b kernel (1 s)",
      "a: console: 1",
      "a: console: 2",
      "a Ignition (0 s)",
    ]);
  });
});
