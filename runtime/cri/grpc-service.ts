// SPDX-License-Identifier: Apache-2.0
// From protobuf-es descriptors and our handlers to what grpc-js serves: (de)serialisers, cancellation, errors, the log.
import { once } from "node:events";
import {
  create,
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type {
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  sendUnaryData,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { GRPC_CODES, UnsupportedError } from "../errors.ts";
import type { CriContext } from "./context.ts";
import { grpcStatus } from "./errors.ts";
import type { Call, Unimplemented } from "./rpc.ts";

/** Handlers of one service differ in their messages; RpcTable has checked each, here they are all the same. */
type AnyHandler = AnyUnaryHandler | AnyStreamHandler;
type AnyUnaryHandler = (
  request: never,
  context: CriContext,
  call: Call,
) => Promise<Record<string, unknown>>;
type AnyStreamHandler = (
  request: never,
  context: CriContext,
  call: Call,
) => AsyncIterable<Record<string, unknown>>;
type AnyMessage = MessageShape<DescMethod["input"]>;

/** Paths and serialisers of every method of the service. */
export function serviceDefinition(service: DescService): ServiceDefinition {
  return Object.fromEntries(
    service.methods.map((method) => [
      method.localName,
      {
        path: `/${service.typeName}/${method.name}`,
        requestStream: method.methodKind === "client_streaming" || isBidirectional(method),
        responseStream: method.methodKind === "server_streaming" || isBidirectional(method),
        requestSerialize: (message: AnyMessage) => Buffer.from(toBinary(method.input, message)),
        requestDeserialize: (bytes: Buffer) => fromBinary(method.input, bytes),
        responseSerialize: (message: AnyMessage) => Buffer.from(toBinary(method.output, message)),
        responseDeserialize: (bytes: Buffer) => fromBinary(method.output, bytes),
      },
    ]),
  );
}

/** The handlers in grpc-js's form. What is "unimplemented" is left out: grpc-js answers UNIMPLEMENTED by itself. */
export function serviceImplementation(
  service: DescService,
  handlers: Readonly<Record<string, AnyHandler | Unimplemented>>,
  context: CriContext,
): UntypedServiceImplementation {
  return Object.fromEntries(
    service.methods.flatMap((method): [string, UntypedHandleCall][] => {
      const handler = handlers[method.localName];
      if (handler === undefined || handler === "unimplemented") {
        return method.methodKind === "unary" ? [[method.localName, unimplemented(method)]] : [];
      }
      // RpcTable has checked that each handler is of its method's kind.
      return method.methodKind === "unary"
        ? [[method.localName, unary(method, handler as AnyUnaryHandler, context)]]
        : [[method.localName, streaming(method, handler as AnyStreamHandler, context)]];
    }),
  );
}

function unary(method: DescMethod, handler: AnyUnaryHandler, context: CriContext) {
  return (call: ServerUnaryCall<unknown, unknown>, respond: sendUnaryData<unknown>): void => {
    const { log, system } = context;
    const startedAt = system.clock.monotonic();
    const gaveUp = new AbortController();
    call.on("cancelled", () => gaveUp.abort());
    const took = () => Math.round(system.clock.monotonic() - startedAt);
    handler(call.request as never, context, { signal: gaveUp.signal }).then(
      (response) => {
        log.debug("Answered", { rpc: method.name, ms: took() });
        respond(null, create(method.output, response));
      },
      (error: unknown) => {
        respond(refusal(error, method, log, took()));
      },
    );
  };
}

/** A client that does not read stops its stream only: the next message waits until it has taken the last. */
function streaming(method: DescMethod, handler: AnyStreamHandler, context: CriContext) {
  return (call: ServerWritableStream<unknown, unknown>): void => {
    const { log, system } = context;
    const startedAt = system.clock.monotonic();
    const gaveUp = new AbortController();
    call.on("cancelled", () => gaveUp.abort());
    const { signal } = gaveUp;
    const sendAll = async () => {
      for await (const response of handler(call.request as never, context, { signal })) {
        if (!call.write(create(method.output, response)) && !signal.aborted) {
          await once(call, "drain", { signal });
        }
      }
    };
    const took = () => Math.round(system.clock.monotonic() - startedAt);
    sendAll().then(
      () => {
        log.debug("Answered", { rpc: method.name, ms: took() });
        call.end();
      },
      (error: unknown) => {
        if (!signal.aborted) {
          call.emit("error", refusal(error, method, log, took()));
        }
      },
    );
  };
}

function refusal(error: unknown, method: DescMethod, log: CriContext["log"], ms: number) {
  const status = grpcStatus(error);
  const level = EXPECTED.has(status.code) ? "debug" : "warn";
  log[level]("Refused", { rpc: method.name, ms, code: status.code, error: status.details });
  return status;
}

function unimplemented(method: DescMethod) {
  return (_call: ServerUnaryCall<unknown, unknown>, respond: sendUnaryData<unknown>): void => {
    respond(grpcStatus(new UnsupportedError(`Cannot answer ${method.name}: not implemented`)));
  };
}

/** What clients ask to find out whether something is there. */
const EXPECTED: ReadonlySet<number> = new Set([GRPC_CODES.NOT_FOUND, GRPC_CODES.UNIMPLEMENTED]);

function isBidirectional(method: DescMethod): boolean {
  return method.methodKind === "bidi_streaming";
}
