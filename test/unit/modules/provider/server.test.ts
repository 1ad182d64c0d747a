// SPDX-License-Identifier: Apache-2.0
// The provider over its real wire: a server in this process, a client as the engine is one.
import { setTimeout as sleep } from "node:timers/promises";
import grpc from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import providerRpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { PartialCreateError, type ResourceHandler } from "../../../../modules/provider/handler.ts";
import { type RunningProvider, startProvider } from "../../../../modules/provider/server.ts";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = { [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270" };
const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const text = { type: "string", description: "" } as const;

/** A resource that does what its name says. */
const thing: ResourceHandler = {
  type: "test:index:Thing",
  schema: {
    description: "A thing.",
    inputs: { what: { ...text, required: true }, where: { ...text, replaces: true } },
    outputs: { id2: text, key: { ...text, secret: true }, what: text },
    stables: ["id2"],
  },
  async create(inputs, context) {
    if (inputs["what"] === "partial") {
      throw new PartialCreateError("half", { key: "k", id2: "2" }, "Unit a.service failed");
    }
    if (inputs["what"] === "fail") throw new TypeError("Cannot create: it failed");
    if (inputs["what"] === "slow") await sleep(60_000, undefined, { signal: context.signal });
    return { id: "1", outputs: { id2: "2", key: "k", what: inputs["what"] ?? null } };
  },
  async update(_id, olds, news) {
    return { id2: olds["id2"] ?? null, key: "k2", what: news["what"] ?? null };
  },
};

/** A resource with neither update nor read. */
const fixed: ResourceHandler = {
  type: "test:index:Fixed",
  schema: { description: "", inputs: { a: text, b: text }, outputs: {} },
  create: async () => ({ id: "1", outputs: {} }),
};

let running: RunningProvider;
let client: providerRpc.ResourceProviderClient;

beforeEach(async () => {
  running = await startProvider({
    handlers: [thing, fixed],
    version: "1.2.3",
    environment: {},
    now: () => 0,
    projectDir: "/project",
  });
  const address = `127.0.0.1:${running.port}`;
  client = new providerRpc.ResourceProviderClient(address, grpc.credentials.createInsecure());
});

afterEach(() => {
  client.close();
  running.close();
});

function call<Request, Response>(
  rpc: (request: Request, done: (error: Error | null, response: Response) => void) => unknown,
  request: Request,
): Promise<Response> {
  return new Promise((done, fail) => {
    rpc.call(client, request, (error, response) => (error === null ? done(response) : fail(error)));
  });
}

type Plain = Parameters<typeof structPb.Struct.fromJavaScript>[0];

const urnOf = (type: string) => `urn:pulumi:dev::proj::${type}::name`;

function createRequest(properties: Plain, preview = false): providerPb.CreateRequest {
  const request = new providerPb.CreateRequest();
  request.setUrn(urnOf("test:index:Thing"));
  request.setProperties(structPb.Struct.fromJavaScript(properties));
  request.setPreview(preview);
  return request;
}

const create = (request: providerPb.CreateRequest): Promise<providerPb.CreateResponse> =>
  call(client.create, request);

function diffRequest(type: string, olds: Plain, news: Plain): providerPb.DiffRequest {
  const request = new providerPb.DiffRequest();
  request.setUrn(urnOf(type));
  request.setOldInputs(structPb.Struct.fromJavaScript(olds));
  request.setOlds(structPb.Struct.fromJavaScript({}));
  request.setNews(structPb.Struct.fromJavaScript(news));
  return request;
}

describe("Create", () => {
  it("marks the secrets of the schema, and outputs named like a secret input", async () => {
    const response = await create(createRequest({ what: { ...SECRET, value: "w" } }));
    expect(response.getId()).toBe("1");
    expect(response.getProperties()?.toJavaScript()).toEqual({
      id2: "2",
      key: { ...SECRET, value: "k" },
      what: { ...SECRET, value: "w" },
    });
  });

  it("knows nothing in a preview, and does nothing", async () => {
    const response = await create(createRequest({ what: "fail" }, true));
    expect(response.getProperties()?.toJavaScript()).toEqual({
      id2: UNKNOWN_TEXT,
      key: { ...SECRET, value: UNKNOWN_TEXT },
      what: UNKNOWN_TEXT,
    });
  });

  it("fails with the message alone", async () => {
    await expect(create(createRequest({ what: "fail" }))).rejects.toMatchObject({
      details: "Cannot create: it failed",
    });
  });

  it("hands over a half-made resource with the reason, its secrets marked", async () => {
    const error: unknown = await create(createRequest({ what: "partial" })).catch(
      (failure: unknown) => failure,
    );
    const [bytes] = Object(error).metadata.get("grpc-status-details-bin");
    const [detail] = statusPb.Status.deserializeBinary(bytes).getDetailsList();
    expect(detail?.getTypeName()).toBe("pulumirpc.ErrorResourceInitFailed");
    const failed = providerPb.ErrorResourceInitFailed.deserializeBinary(
      detail?.getValue_asU8() ?? new Uint8Array(),
    );
    expect(failed.getId()).toBe("half");
    expect(failed.getReasonsList()).toEqual(["Unit a.service failed"]);
    expect(failed.getProperties()?.toJavaScript()).toEqual({
      id2: "2",
      key: { ...SECRET, value: "k" },
    });
  });

  it("ends when the time of the program is over", async () => {
    const request = createRequest({ what: "slow" });
    request.setTimeout(0.05);
    await expect(create(request)).rejects.toMatchObject({
      details: 'Cannot create Thing "name": took longer than 0.05 s',
    });
  });

  it("ends on Cancel", async () => {
    const ended = expect(create(createRequest({ what: "slow" }))).rejects.toMatchObject({
      details: 'Cannot create Thing "name": cancelled',
    });
    await call<emptyPb.Empty, emptyPb.Empty>(client.cancel, new emptyPb.Empty());
    await ended;
  });

  it("refuses a kind of resource that it does not know", async () => {
    const request = createRequest({});
    request.setUrn(urnOf("test:index:Other"));
    await expect(create(request)).rejects.toMatchObject({
      details:
        'Cannot handle resource type "test:index:Other": expected one of test:index:Thing, test:index:Fixed',
    });
  });
});

describe("Update", () => {
  it("keeps in a preview what is stable", async () => {
    const request = new providerPb.UpdateRequest();
    request.setUrn(urnOf("test:index:Thing"));
    request.setOlds(structPb.Struct.fromJavaScript({ id2: "2", key: "k", what: "a" }));
    request.setNews(structPb.Struct.fromJavaScript({ what: "b" }));
    request.setPreview(true);
    const response: providerPb.UpdateResponse = await call(client.update, request);
    expect(response.getProperties()?.toJavaScript()).toEqual({
      id2: "2",
      key: { ...SECRET, value: UNKNOWN_TEXT },
      what: UNKNOWN_TEXT,
    });
  });
});

describe("Diff", () => {
  const { DiffChanges } = providerPb.DiffResponse;
  const { Kind } = providerPb.PropertyDiff;
  const diff = (request: providerPb.DiffRequest): Promise<providerPb.DiffResponse> =>
    call(client.diff, request);

  it("says that nothing changed", async () => {
    const response = await diff(diffRequest("test:index:Thing", { what: "a" }, { what: "a" }));
    expect(response.getChanges()).toBe(DiffChanges.DIFF_NONE);
  });

  it("updates in place, with what stays", async () => {
    const response = await diff(diffRequest("test:index:Thing", { what: "a" }, { what: "b" }));
    expect(response.getChanges()).toBe(DiffChanges.DIFF_SOME);
    expect(response.getReplacesList()).toEqual([]);
    expect(response.getStablesList()).toEqual(["id2"]);
    expect(response.getDetaileddiffMap().get("what")?.getKind()).toBe(Kind.UPDATE);
  });

  it("replaces where the schema says so, and whatever cannot be updated", async () => {
    const moved = await diff(
      diffRequest("test:index:Thing", { what: "a" }, { what: "a", where: "x" }),
    );
    expect(moved.getReplacesList()).toEqual(["where"]);
    expect(moved.getDetaileddiffMap().get("where")?.getKind()).toBe(Kind.ADD_REPLACE);
    const changed = await diff(diffRequest("test:index:Fixed", { a: "1", b: "2" }, { a: "1" }));
    expect(changed.getReplacesList()).toEqual(["b"]);
    expect(changed.getDetaileddiffMap().get("b")?.getKind()).toBe(Kind.DELETE_REPLACE);
  });
});

describe("Check", () => {
  it("names every argument that is wrong, and keeps secrets secret", async () => {
    const request = new providerPb.CheckRequest();
    request.setUrn(urnOf("test:index:Thing"));
    request.setNews(structPb.Struct.fromJavaScript({ where: { ...SECRET, value: "w" }, no: 1 }));
    const response: providerPb.CheckResponse = await call(client.check, request);
    // The engine prints the value of a property that it is told, secret or not.
    expect(response.getFailuresList().map((failure) => failure.toObject())).toEqual([
      { property: "", reason: 'Invalid argument "what": Missing, expected a value' },
      {
        property: "",
        reason: expect.stringContaining(
          'Invalid argument "no": Unknown argument, expected one of ',
        ),
      },
    ]);
    expect(response.getInputs()?.toJavaScript()).toMatchObject({
      where: { ...SECRET, value: "w" },
    });
  });
});

describe("Read", () => {
  const read = (request: providerPb.ReadRequest): Promise<providerPb.ReadResponse> =>
    call(client.read, request);

  it("without a handler gives what is recorded, but cannot import", async () => {
    const request = new providerPb.ReadRequest();
    request.setUrn(urnOf("test:index:Fixed"));
    request.setId("1");
    request.setInputs(structPb.Struct.fromJavaScript({ a: "1" }));
    const response = await read(request);
    expect(response.getId()).toBe("1");
    expect(response.getInputs()?.toJavaScript()).toEqual({ a: "1" });
    request.clearInputs();
    await expect(read(request)).rejects.toMatchObject({
      details: 'Cannot import "1": test:index:Fixed can only be created',
    });
  });
});

describe("the provider itself", () => {
  it("says who it is and what it can", async () => {
    const info = await new Promise<string>((done, fail) =>
      client.getPluginInfo(new emptyPb.Empty(), (error, response) =>
        error === null ? done(response.getVersion()) : fail(error),
      ),
    );
    expect(info).toBe("1.2.3");
    const configured: providerPb.ConfigureResponse = await call(
      client.configure,
      new providerPb.ConfigureRequest(),
    );
    expect(configured.toObject()).toMatchObject({
      acceptsecrets: true,
      supportspreview: true,
      acceptresources: false,
      acceptoutputs: false,
    });
  });

  it("has a schema for every resource", async () => {
    const response: providerPb.GetSchemaResponse = await call(
      client.getSchema,
      new providerPb.GetSchemaRequest(),
    );
    const schema: unknown = JSON.parse(response.getSchema());
    expect(schema).toMatchObject({
      name: "corefly",
      resources: {
        "test:index:Thing": {
          requiredInputs: ["what"],
          inputProperties: { where: { type: "string", willReplaceOnChanges: true } },
          properties: { key: { type: "string", secret: true } },
        },
      },
    });
  });

  it("takes any configuration: a project may have its name", async () => {
    const request = new providerPb.CheckRequest();
    request.setNews(structPb.Struct.fromJavaScript({ controllers: "3" }));
    const response: providerPb.CheckResponse = await call(client.checkConfig, request);
    expect(response.getFailuresList()).toEqual([]);
  });
});
