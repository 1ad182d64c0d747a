// SPDX-License-Identifier: Apache-2.0
// A language host for `runtime: nodejs`, as small as `up`, `preview`, `refresh` and `destroy` allow. Pulumi's own is
// published neither as a Go nor as an npm package; where it is installed it is used instead.

import grpc from "@grpc/grpc-js";
import languageRpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import languagePb from "@pulumi/pulumi/proto/language_pb.js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import { version } from "@pulumi/pulumi/version.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { ProgramRunner } from "./program-runner.ts";

const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

export interface LanguageHost {
  readonly port: number;
  /** Ends the programs that run and closes the port. */
  close(): void;
}

/** Serves programs for the engine at this address. */
export async function startLanguageHost(engineAddress: string): Promise<LanguageHost> {
  const runner = new ProgramRunner(engineAddress);
  const server = new grpc.Server({ "grpc.max_receive_message_length": MAX_MESSAGE_BYTES });
  server.addService(languageRpc.LanguageRuntimeService, implementation(runner));
  const port = await new Promise<number>((done, fail) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? done(bound) : fail(error),
    );
  });
  return {
    port,
    close: () => {
      runner.signal("SIGKILL");
      server.forceShutdown();
    },
  };
}

/** RPCs that are not here answer UNIMPLEMENTED; the engine does without them. */
function implementation(runner: ProgramRunner): grpc.UntypedServiceImplementation {
  return {
    handshake: unary((request: languagePb.LanguageHandshakeRequest) => {
      runner.engineAddress = request.getEngineAddress();
      return new languagePb.LanguageHandshakeResponse();
    }),
    getPluginInfo: unary(() => {
      const response = new pluginPb.PluginInfo();
      response.setVersion(version);
      return response;
    }),
    // Plugins come with the projects that name them: nothing is downloaded.
    getRequiredPackages: unary(() => new languagePb.GetRequiredPackagesResponse()),
    getProgramDependencies: unary(() => new languagePb.GetProgramDependenciesResponse()),
    about: unary(() => {
      const response = new languagePb.AboutResponse();
      response.setExecutable(process.execPath);
      response.setVersion(process.version);
      return response;
    }),
    run: unary((request: languagePb.RunRequest) => runner.run(request)),
    installDependencies: (
      call: grpc.ServerWritableStream<
        languagePb.InstallDependenciesRequest,
        languagePb.InstallDependenciesResponse
      >,
    ) => call.end(),
    cancel: unary(() => {
      runner.signal("SIGINT");
      return new emptyPb.Empty();
    }),
  };
}

function unary<Request, Response>(rpc: (request: Request) => Response | Promise<Response>) {
  return (
    call: grpc.ServerUnaryCall<Request, Response>,
    done: grpc.sendUnaryData<Response>,
  ): void => {
    Promise.resolve(call.request)
      .then(rpc)
      .then(
        (response) => done(null, response),
        (error: unknown) =>
          done({
            code: grpc.status.UNKNOWN,
            details: error instanceof Error ? error.message : String(error),
          }),
      );
  };
}
