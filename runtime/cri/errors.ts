// SPDX-License-Identifier: Apache-2.0
// The one place where an error of the library becomes what a CRI client sees: a gRPC code and one line of text.
import { type CoreflyError, ERROR_TABLE, GRPC_CODES } from "../errors.ts";

/** What goes into the trailers of a failed call. */
export interface GrpcStatus {
  readonly code: number;
  readonly details: string;
}

/** google.golang.org/grpc/codes.Unknown: what the kubelet expects of errors whose text begins with a reason of its own. */
const UNKNOWN = 2;
/** The text travels in a header: long enough for a program's last words, short enough for every client's limits. */
const MAX_DETAILS = 4096;

/** The kubelet turns a beginning `RegistryUnavailable:` and so on into the pod's waiting reason (cri-api errors.go). */
export type KubeletReason =
  | "RegistryUnavailable"
  | "SignatureValidationFailed"
  | "ImageVolumeMountFailed"
  | "RROUnsupported";

/** An error for which the kubelet has a reason: its text begins with it, its code is Unknown. */
export class ReasonedError extends Error {
  readonly reason: KubeletReason;

  constructor(reason: KubeletReason, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.name = "ReasonedError";
    this.reason = reason;
  }
}

/** Translates anything that was thrown. */
export function grpcStatus(error: unknown): GrpcStatus {
  if (error instanceof ReasonedError) {
    return { code: UNKNOWN, details: oneLine(`${error.reason}: ${error.message}`) };
  }
  if (isCoreflyError(error)) {
    return { code: GRPC_CODES[ERROR_TABLE[error.code].grpc], details: oneLine(withCauses(error)) };
  }
  if (error instanceof Error) {
    return { code: GRPC_CODES.INTERNAL, details: oneLine(withCauses(error)) };
  }
  return { code: GRPC_CODES.INTERNAL, details: oneLine(String(error)) };
}

/** By its shape, so that an error from another copy of the class is translated too. */
function isCoreflyError(error: unknown): error is CoreflyError {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    Object.hasOwn(ERROR_TABLE, error.code)
  );
}

/** The message, then those of its causes that say something new. */
function withCauses(error: Error): string {
  const messages = [error.message];
  let cause = error.cause;
  while (cause instanceof Error && messages.length < 4) {
    const { message } = cause;
    if (!messages.some((each) => each.includes(message))) {
      messages.push(message);
    }
    cause = cause.cause;
  }
  return messages.join(": ");
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s*[\r\n]+\s*/g, " ").trim();
  return line.length <= MAX_DETAILS ? line : `${line.slice(0, MAX_DETAILS - 1)}…`;
}
