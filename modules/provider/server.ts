// SPDX-License-Identifier: Apache-2.0
// The provider's gRPC server: which RPC is served by which function.

import grpc from "@grpc/grpc-js";
import providerRpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { Provider, type ProviderOptions } from "./provider.ts";
import { check } from "./rpc/check.ts";
import { create } from "./rpc/create.ts";
import { remove } from "./rpc/delete.ts";
import { diff } from "./rpc/diff.ts";
import * as lifecycle from "./rpc/lifecycle.ts";
import { read } from "./rpc/read.ts";
import { update } from "./rpc/update.ts";
import { rpcError } from "./rpc-error.ts";

/** States with many encrypted Ignition configs are large. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

export interface RunningProvider {
  readonly provider: Provider;
  readonly port: number;
  /** Cancels what runs and closes the port. */
  close(): void;
}

/** Serves the provider on a free port of the loopback address. */
export async function startProvider(options: ProviderOptions): Promise<RunningProvider> {
  const provider = new Provider(options);
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  server.addService(providerRpc.ResourceProviderService, implementation(provider));
  const port = await new Promise<number>((done, fail) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? done(bound) : fail(error),
    );
  });
  return {
    provider,
    port,
    close: () => {
      provider.close();
      server.forceShutdown();
    },
  };
}

function implementation(provider: Provider): grpc.UntypedServiceImplementation {
  const serve =
    <Request, Response>(rpc: (provider: Provider, request: Request) => Promise<Response>) =>
    (call: grpc.ServerUnaryCall<Request, Response>, done: grpc.sendUnaryData<Response>): void => {
      rpc(provider, call.request).then(
        (response) => done(null, response),
        (error: unknown) => done(rpcError(error)),
      );
    };
  return {
    handshake: serve(lifecycle.handshake),
    attach: serve(lifecycle.attach),
    cancel: serve(lifecycle.cancel),
    getPluginInfo: serve(lifecycle.getPluginInfo),
    getSchema: serve(lifecycle.getSchema),
    checkConfig: serve(lifecycle.checkConfig),
    diffConfig: serve(lifecycle.diffConfig),
    configure: serve(lifecycle.configure),
    check: serve(check),
    diff: serve(diff),
    create: serve(create),
    read: serve(read),
    update: serve(update),
    delete: serve(remove),
  };
}
