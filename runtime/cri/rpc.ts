// SPDX-License-Identifier: Apache-2.0
// The form of an RPC's file: one function from a request to what the response is made of, typed by the CRI's descriptors.
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { ImageService, RuntimeService } from "./api-schema.ts";
import type { CriContext } from "./context.ts";

/** What a handler may know about the call besides its request. */
export interface Call {
  /** Fires when the client gives up or its deadline passes. Most operations go on all the same: cri.md §6. */
  readonly signal: AbortSignal;
}

export type UnaryHandler<Input extends DescMessage, Output extends DescMessage> = (
  request: MessageShape<Input>,
  context: CriContext,
  call: Call,
) => Promise<MessageInitShape<Output>>;

/** Messages as they come; the client's going ends the iteration. */
export type StreamHandler<Input extends DescMessage, Output extends DescMessage> = (
  request: MessageShape<Input>,
  context: CriContext,
  call: Call,
) => AsyncIterable<MessageInitShape<Output>>;

/** An RPC that we do not have yet. The kubelet and critest know how to do without each of these. */
export type Unimplemented = "unimplemented";

type HandlerOf<Method> = Method extends {
  readonly methodKind: "unary";
  readonly input: infer Input extends DescMessage;
  readonly output: infer Output extends DescMessage;
}
  ? UnaryHandler<Input, Output>
  : Method extends {
        readonly methodKind: "server_streaming";
        readonly input: infer Input extends DescMessage;
        readonly output: infer Output extends DescMessage;
      }
    ? StreamHandler<Input, Output>
    : never;

type RuntimeMethods = (typeof RuntimeService)["method"];
type ImageMethods = (typeof ImageService)["method"];

/** The type of `runtime/<rpc>.ts`: RuntimeRpc<"runPodSandbox">. */
export type RuntimeRpc<Name extends keyof RuntimeMethods> = HandlerOf<RuntimeMethods[Name]>;

/** The type of `image/<rpc>.ts`. */
export type ImageRpc<Name extends keyof ImageMethods> = HandlerOf<ImageMethods[Name]>;

/** Every RPC of both services, so that the compiler finds one that is missing. */
export interface RpcTable {
  readonly runtime: {
    readonly [Name in keyof RuntimeMethods]: RuntimeRpc<Name> | Unimplemented;
  };
  readonly image: { readonly [Name in keyof ImageMethods]: ImageRpc<Name> | Unimplemented };
}
