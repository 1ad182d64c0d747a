// SPDX-License-Identifier: Apache-2.0
// Messages to the user through the engine: the status in a resource's row, and lines of the diagnostics.

import grpc from "@grpc/grpc-js";
import engineRpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import enginePb from "@pulumi/pulumi/proto/engine_pb.js";

/** A connection to the engine's log. Messages are sent in order; one that does not arrive is no failure. */
export class EngineLog {
  readonly #client: engineRpc.EngineClient;
  readonly #everySecond: boolean;
  #sent: Promise<void> = Promise.resolve();
  readonly #lastStatus = new Map<string, string>();

  /** `everySecond`: a status in which nothing but numbers changed is a new one; without a terminal each is a line. */
  constructor(address: string, { everySecond }: { readonly everySecond: boolean }) {
    this.#everySecond = everySecond;
    this.#client = new engineRpc.EngineClient(address, grpc.credentials.createInsecure());
  }

  /** Replaces the text in the resource's row. */
  status(urn: string, text: string): void {
    const shown = this.#everySecond ? text : text.replaceAll(/\d+/g, "#");
    if (shown === this.#lastStatus.get(urn)) return;
    this.#lastStatus.set(urn, shown);
    this.#send(urn, text, enginePb.LogSeverity.INFO, true);
  }

  info(urn: string, text: string): void {
    this.#send(urn, text, enginePb.LogSeverity.INFO, false);
  }

  warn(urn: string, text: string): void {
    this.#send(urn, text, enginePb.LogSeverity.WARNING, false);
  }

  /** Settles when everything sent so far has arrived. */
  flush(): Promise<void> {
    return this.#sent;
  }

  close(): void {
    this.#client.close();
  }

  #send(urn: string, text: string, severity: enginePb.LogSeverity, ephemeral: boolean): void {
    const request = new enginePb.LogRequest();
    request.setUrn(urn);
    request.setMessage(text);
    request.setSeverity(severity);
    request.setEphemeral(ephemeral);
    this.#sent = this.#sent.then(
      () => new Promise((done) => this.#client.log(request, () => done())),
    );
  }
}
