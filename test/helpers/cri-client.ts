// SPDX-License-Identifier: Apache-2.0
// A client of the CRI as the kubelet is one: plaintext HTTP/2 on a unix socket, authority "localhost", 16 MiB messages.
import {
  create,
  type DescMessage,
  type DescService,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { credentials, makeClientConstructor, type ServiceError } from "@grpc/grpc-js";
import { ImageService, RuntimeService } from "../../runtime/cri/api-schema.ts";
import { serviceDefinition } from "../../runtime/cri/grpc-service.ts";

/** What a message is made of: everything optional. */
export type Init<Message extends DescMessage> = MessageInitShape<Message> & {
  readonly $typeName?: never;
};

type Methods = DescService["method"];
type Calls<M extends Methods> = {
  readonly [Name in keyof M]: M[Name] extends {
    readonly methodKind: "unary";
    readonly input: infer Input extends DescMessage;
    readonly output: infer Output extends DescMessage;
  }
    ? (
        request?: MessageInitShape<Input>,
        options?: { readonly timeoutMs: number },
      ) => Promise<MessageShape<Output>>
    : M[Name] extends {
          readonly methodKind: "server_streaming";
          readonly input: infer Input extends DescMessage;
          readonly output: infer Output extends DescMessage;
        }
      ? (request?: MessageInitShape<Input>) => MessageStream<MessageShape<Output>>
      : never;
};

/** Messages as they come; ends with the server's, or an error. */
export type MessageStream<Message> = AsyncIterable<Message> & { cancel(): void };

export interface CriClient {
  readonly runtime: Calls<(typeof RuntimeService)["method"]>;
  readonly image: Calls<(typeof ImageService)["method"]>;
  close(): void;
}

/** Calls wait for the server to come (back), as the kubelet's next try would. */
export function criClient(socket: string): CriClient {
  const runtime = serviceClient(RuntimeService, socket);
  const image = serviceClient(ImageService, socket);
  return {
    runtime: runtime.calls as unknown as CriClient["runtime"],
    image: image.calls as unknown as CriClient["image"],
    close: () => {
      runtime.close();
      image.close();
    },
  };
}

/** The gRPC code and text of a call that must fail. */
export async function failure(
  call: Promise<unknown>,
): Promise<{ readonly code: number; readonly details: string }> {
  try {
    await call;
  } catch (error) {
    const { code, details } = error as ServiceError;
    return { code, details };
  }
  throw new Error("The call succeeded");
}

function serviceClient(service: DescService, socket: string) {
  const Client = makeClientConstructor(serviceDefinition(service), service.name);
  const client = new Client(`unix:${socket}`, credentials.createInsecure(), {
    "grpc.default_authority": "localhost",
    "grpc.max_receive_message_length": 16 * 1024 * 1024,
    "grpc.initial_reconnect_backoff_ms": 50,
    "grpc.max_reconnect_backoff_ms": 200,
  });
  const calls = Object.fromEntries(
    service.methods.map((method) => [
      method.localName,
      method.methodKind === "server_streaming"
        ? (request: Record<string, unknown> = {}) =>
            client.makeServerStreamRequest(
              `/${service.typeName}/${method.name}`,
              serviceDefinition(service)[method.localName]?.requestSerialize ?? fail,
              serviceDefinition(service)[method.localName]?.responseDeserialize ?? fail,
              create(method.input, request),
            )
        : (request: Record<string, unknown> = {}, options = { timeoutMs: 60_000 }) =>
            new Promise((resolve, reject) => {
              client.makeUnaryRequest(
                `/${service.typeName}/${method.name}`,
                serviceDefinition(service)[method.localName]?.requestSerialize ?? fail,
                serviceDefinition(service)[method.localName]?.responseDeserialize ?? fail,
                create(method.input, request),
                { deadline: Date.now() + options.timeoutMs },
                (error: ServiceError | null, response?: unknown) =>
                  error === null ? resolve(response) : reject(error),
              );
            }),
    ]),
  );
  return { calls, close: () => client.close() };
}

function fail(): never {
  throw new Error("No such method");
}
