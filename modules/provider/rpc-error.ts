// SPDX-License-Identifier: Apache-2.0
// How a failure reaches the engine: one clear line, and a half-made resource together with it.

import grpc from "@grpc/grpc-js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import anyPb from "google-protobuf/google/protobuf/any_pb.js";
import { encodeProperties } from "./codec.ts";
import { PartialCreateError } from "./handler.ts";

/** The failure as grpc-js wants it. Stacks stay out: they help nobody who runs `pulumi up`. */
export function rpcError(error: unknown): Partial<grpc.StatusObject> {
  const message = messageOf(error);
  if (!(error instanceof PartialCreateError)) {
    return { code: grpc.status.UNKNOWN, details: message };
  }
  const metadata = new grpc.Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(statusOf(error, message).serializeBinary()));
  return { code: grpc.status.UNKNOWN, details: message, metadata };
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim() || "Cannot go on: the provider failed without a message";
}

// The engine finds the resource in the status details: google.rpc.Status with one Any inside.
function statusOf(error: PartialCreateError, message: string): statusPb.Status {
  const failed = new providerPb.ErrorResourceInitFailed();
  failed.setId(error.id);
  failed.setProperties(encodeProperties(error.outputs));
  failed.setReasonsList([message]);
  const detail = new anyPb.Any();
  detail.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new statusPb.Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(message);
  status.setDetailsList([detail]);
  return status;
}
