// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { ImageService, RuntimeService } from "../../../../runtime/cri/api-schema.ts";
import { serviceDefinition } from "../../../../runtime/cri/grpc-service.ts";
import { rpcTable } from "../../../../runtime/cri/rpc-table.ts";

describe("rpcTable", () => {
  it("names each of the 43 RPCs of cri-api v0.37.2 once", () => {
    const names = [
      ...RuntimeService.methods.map(({ localName }) => localName),
      ...ImageService.methods.map(({ localName }) => localName),
    ];
    expect(names).toHaveLength(43);
    expect([...Object.keys(rpcTable.runtime), ...Object.keys(rpcTable.image)].sort()).toEqual(
      [...names].sort(),
    );
  });

  it("says of these that we do not have them, and of no other", () => {
    const missing = Object.entries({ ...rpcTable.runtime, ...rpcTable.image })
      .filter(([, handler]) => handler === "unimplemented")
      .map(([name]) => name);
    expect(missing).toEqual(["checkpointContainer", "checkpointPod", "restorePod"]);
  });

  it("is served under the paths that clients call", () => {
    expect(serviceDefinition(RuntimeService)["runPodSandbox"]?.path).toBe(
      "/runtime.v1.RuntimeService/RunPodSandbox",
    );
    expect(serviceDefinition(ImageService)["pullImage"]?.path).toBe(
      "/runtime.v1.ImageService/PullImage",
    );
  });
});
