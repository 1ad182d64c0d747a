// SPDX-License-Identifier: Apache-2.0
// OCI images from registries: Debian's, and small ones that misbehave in one way each.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { fetchImage, fetchOciImage } from "../../../../runtime/image/fetch.ts";
import type { RegistryAuth } from "../../../../runtime/image/oci/registry-auth.ts";
import { ImageStore } from "../../../../runtime/store/image-store.ts";
import { linuxSystem } from "../../../../runtime/system/linux.ts";
import { type SeenRequest, serve, type TestServer } from "../../../helpers/http-server.ts";
import { startRegistry, type TestRegistry } from "../../../helpers/registry.ts";
import { ociImage, plainLayer, sha256 } from "../../../helpers/unpack.ts";

const system = linuxSystem();
const gzipped = (() => {
  const { tar } = plainLayer([{ path: "top", content: "t".repeat(10_000) }]);
  return {
    blob: gzipSync(tar),
    tar,
    mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  };
})();
const image = ociImage([plainLayer([{ path: "base", content: "b" }]), gzipped], {
  config: {
    Entrypoint: ["/bin/app"],
    Cmd: ["--serve"],
    Env: ["A=1", "B=x=y"],
    User: "1000:50",
    WorkingDir: "/srv",
    ExposedPorts: { "80/tcp": {} },
    Volumes: { "/data": {} },
    StopSignal: "SIGRTMIN+3",
    Labels: { a: "b" },
  },
});
const manifestDigest = sha256(Buffer.from(image.manifestText));
let shared: string;
let registry: TestRegistry;
let dir: string;
let store: ImageStore;

beforeAll(async () => {
  shared = mkdtempSync(join(tmpdir(), "corefly-registry-"));
  registry = await startRegistry(shared);
  await registry.push("team/app", "1.0", image);
});

afterAll(async () => {
  await registry.close();
  rmSync(shared, { recursive: true });
});

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "corefly-pull-"));
  store = await ImageStore.open(join(dir, "data"), system);
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

function options(auth?: RegistryAuth) {
  return {
    store,
    system,
    config: { directories: [join(dir, "etc")] },
    insecure: new Set(["image"]),
    pullPolicy: "update" as const,
    auth,
  };
}

const pull = (reference: string, auth?: RegistryAuth) => fetchOciImage(reference, options(auth));

function configure(folder: string, content: object): void {
  mkdirSync(join(dir, "etc", folder), { recursive: true });
  writeFileSync(
    join(dir, "etc", folder, "test.json"),
    JSON.stringify({ rktVersion: "v1", ...content }),
  );
}

function expectEmptyStore(): void {
  for (const name of ["images", "layers", "tmp"]) {
    expect(readdirSync(join(dir, "data", name))).toEqual([]);
  }
}

describe("fetchOciImage() from docker-registry", () => {
  it("brings all layers and what the config says", async () => {
    const reference = `${registry.host}/team/app:1.0`;
    const stored = await pull(reference);
    expect(stored).toMatchObject({
      id: image.manifest.config.digest,
      format: "oci",
      name: `${registry.host}/team/app`,
      labels: { version: "1.0", os: "linux", arch: "amd64" },
      repoTags: [reference],
      repoDigests: [`${registry.host}/team/app@${manifestDigest}`],
      sizeBytes: 10_001,
      annotations: { a: "b" },
      app: {
        entrypoint: ["/bin/app"],
        cmd: ["--serve"],
        environment: [
          { name: "A", value: "1" },
          { name: "B", value: "x=y" },
        ],
        user: "1000",
        group: "50",
        workingDirectory: "/srv",
        ports: [{ name: "80-tcp", protocol: "tcp", port: 80 }],
        volumes: ["/data"],
        stopSignal: "SIGRTMIN+3",
      },
    });
    const [top = "", base = ""] = await store.rootfs(stored.id);
    expect(readFileSync(join(top, "top"), "utf8")).toHaveLength(10_000);
    expect(readdirSync(base)).toEqual(["base"]);
  });

  it("CRI-05: takes name:tag@digest by the digest alone, and knows it by that", async () => {
    const reference = `${registry.host}/team/app:9.9@${manifestDigest}`;
    const stored = await pull(reference);
    const byDigest = `${registry.host}/team/app@${manifestDigest}`;
    expect([stored.repoTags, stored.repoDigests]).toEqual([[], [byDigest]]);
    for (const each of [reference, byDigest, stored.id, stored.id.slice("sha256:".length, 20)]) {
      expect((await store.find(each))?.id).toBe(stored.id);
    }
    expect(await store.find(`${registry.host}/team/app:9.9`)).toBe(undefined);
  });

  it("takes the image for this machine out of an index", async () => {
    const entry = {
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest: manifestDigest,
      size: Buffer.byteLength(image.manifestText),
    };
    const indexOf = (...platforms: string[]) =>
      JSON.stringify({
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.index.v1+json",
        manifests: platforms.map((architecture) => ({
          ...entry,
          platform: { os: "linux", architecture },
        })),
      });
    const here = process.arch === "x64" ? "amd64" : process.arch;
    const index = indexOf("riscv64", here);
    await registry.pushManifest("team/app", "multi", index);
    await registry.pushManifest("team/app", "other", indexOf("riscv64", "s390x"));
    const stored = await pull(`${registry.host}/team/app:multi`);
    expect(stored.id).toBe(image.manifest.config.digest);
    expect(stored.repoDigests).toEqual([`${registry.host}/team/app@${sha256(Buffer.from(index))}`]);
    await expect(pull(`${registry.host}/team/app:other`)).rejects.toThrow(
      `no image for linux/${here}, it has linux/riscv64, linux/s390x`,
    );
  });

  it("gives a tag that moved to the new image, and keeps the old one without it", async () => {
    const reference = `${registry.host}/team/moving:1`;
    await registry.push("team/moving", "1", image);
    const old = await pull(reference);
    const next = ociImage([plainLayer([{ path: "base", content: "next" }])]);
    await registry.push("team/moving", "1", next);
    const stored = await pull(reference);
    expect((await store.find(reference))?.id).toBe(stored.id);
    expect((await store.get(old.id)).repoTags).toEqual([]);
    expect((await fetchOciImage(reference, { ...options(), pullPolicy: "new" })).id).toBe(
      stored.id,
    );
  });

  it("adds a second name to an image that is there, and forgets both together", async () => {
    await registry.push("team/alias", "2", image);
    const first = await pull(`${registry.host}/team/app:1.0`);
    const second = await pull(`${registry.host}/team/alias:2`);
    expect(second.id).toBe(first.id);
    expect(second.repoTags).toEqual([
      `${registry.host}/team/app:1.0`,
      `${registry.host}/team/alias:2`,
    ]);
    await store.remove(first.id);
    expect(await store.list()).toEqual([]);
    expectEmptyStore();
  });

  it("says that a tag, or a registry, is not there", async () => {
    await expect(pull(`${registry.host}/team/app:nope`)).rejects.toThrow(
      `Cannot fetch manifest "nope" of "${registry.host}/team/app": the registry does not have it`,
    );
    await expect(pull("127.0.0.1:1/team/app")).rejects.toThrow(
      'Cannot fetch "http://127.0.0.1:1/v2/team/app/manifests/latest": ',
    );
  });

  it("asks the mirror with the longest prefix, and nobody else", async () => {
    await registry.push("mirror/example.test/apps/web", "3", image);
    configure("registries.d", {
      rktKind: "registries",
      mirrors: [
        { prefix: "example.test", location: "http://127.0.0.1:1" },
        {
          prefix: "example.test/apps",
          location: `http://${registry.host}/mirror/example.test/apps`,
        },
      ],
    });
    const stored = await pull("example.test/apps/web:3");
    expect(stored.repoTags).toEqual(["example.test/apps/web:3"]);
    await expect(pull("example.test/appsx/web:3")).rejects.toThrow(
      "http://127.0.0.1:1/v2/appsx/web",
    );
  });

  it("gives up at once when it is cancelled, and leaves nothing", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(
      fetchOciImage(`${registry.host}/team/app:1.0`, { ...options(), signal }),
    ).rejects.toThrow("enough");
    expectEmptyStore();
  });

  it("wants to be told that nobody checks signatures", async () => {
    await expect(
      fetchImage(`docker://${registry.host}/team/app:1.0`, { ...options(), insecure: new Set() }),
    ).rejects.toThrow(
      "signature verification for OCI images is not supported yet (try --insecure-options=image)",
    );
  });
});

/** A registry of one image that asks for something first. */
function answerImage({ url }: SeenRequest, response: ServerResponse, changed?: Buffer): void {
  const [, digest = ""] = /\/blobs\/(.*)$/.exec(url) ?? [];
  const body = url.includes("/manifests/")
    ? Buffer.from(image.manifestText)
    : (changed ?? image.blobs.get(digest));
  response.writeHead(body === undefined ? 404 : 200);
  response.end(body);
}

describe("fetchOciImage() from a registry with a mind of its own", () => {
  const servers: TestServer[] = [];
  const start = async (...args: Parameters<typeof serve>) => {
    const server = await serve(...args);
    servers.push(server);
    return server;
  };

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  it.each(["Bearer", "bearer", "BEARER"])(
    "IMG-07: gets a token from a challenge %s without scope, answered as access_token",
    async (scheme) => {
      const tokens = await start((_request, response) => {
        response.end(JSON.stringify({ access_token: "T" }));
      });
      const server = await start((request, response) => {
        if (request.headers.authorization === "Bearer T") {
          answerImage(request, response);
          return;
        }
        response.writeHead(401, {
          "www-authenticate": `${scheme} realm="${tokens.url}/t",service="r"`,
        });
        response.end();
      });
      const host = `127.0.0.1:${server.port}`;
      await pull(`${host}/team/app:1`, { username: "u", password: "p" });
      expect(tokens.seen).toMatchObject([
        {
          url: "/t?service=r&scope=repository%3Ateam%2Fapp%3Apull",
          headers: { authorization: `Basic ${Buffer.from("u:p").toString("base64")}` },
        },
      ]);
      expect(server.seen.slice(1).map(({ headers }) => headers.authorization)).toEqual(
        Array(4).fill("Bearer T"),
      );
    },
  );

  it("exchanges an identity token, and uses a registry token as it is", async () => {
    const tokens = await start((_request, response) => response.end('{"token":"T"}'));
    const server = await start((request, response) => {
      if (["Bearer T", "Bearer R"].includes(request.headers.authorization ?? "")) {
        answerImage(request, response);
        return;
      }
      response.writeHead(401, { "www-authenticate": `Bearer realm="${tokens.url}/t"` });
      response.end();
    });
    await pull(`127.0.0.1:${server.port}/team/app:1`, { identityToken: "I" });
    expect(tokens.seen).toMatchObject([{ method: "POST", url: "/t" }]);
    await pull(`127.0.0.1:${server.port}/team/app:2`, { registryToken: "R" });
    expect(tokens.seen).toHaveLength(1);
  });

  it("IMG-08: sends credentials of auth.d to the registry and not to where it redirects", async () => {
    const blobs = await start((request, response) => {
      if (request.headers.authorization !== undefined || request.headers.cookie !== undefined) {
        response.writeHead(400).end();
      } else {
        answerImage(request, response);
      }
    }, "127.0.0.2");
    const authorization = `Basic ${Buffer.from("me:secret").toString("base64")}`;
    const server = await start((request, response) => {
      if (request.headers.authorization !== authorization) {
        response.writeHead(401, { "www-authenticate": 'Basic realm="r"' }).end();
      } else if (request.url.includes("/blobs/")) {
        response.writeHead(307, { location: `${blobs.url}${request.url}` }).end();
      } else {
        answerImage(request, response);
      }
    });
    const host = `127.0.0.1:${server.port}`;
    await expect(pull(`${host}/team/app:1`)).rejects.toThrow(
      "the registry wants credentials and there are none",
    );
    configure("auth.d", {
      rktKind: "dockerAuth",
      registries: [host],
      credentials: { user: "me", password: "secret" },
    });
    expect((await pull(`${host}/team/app:1`)).id).toBe(image.manifest.config.digest);
    expect(blobs.seen).toHaveLength(3);
  });

  it("IMG-08: ends a loop of redirects with an error", async () => {
    const server = await start((request, response) => {
      response.writeHead(307, { location: request.url }).end();
    });
    await expect(pull(`127.0.0.1:${server.port}/team/app:1`)).rejects.toThrow(
      "more than 10 redirects",
    );
    expect(server.seen).toHaveLength(11);
  });

  it("refuses a manifest and blobs that are not what their digests say, and keeps nothing", async () => {
    const server = await start((request, response) =>
      answerImage(request, response, Buffer.from("something else")),
    );
    const host = `127.0.0.1:${server.port}`;
    await expect(pull(`${host}/team/app:1`)).rejects.toThrow(
      /found 14 bytes with digest sha256:.*expected \d+ bytes/,
    );
    await expect(pull(`${host}/team/app@sha256:${"0".repeat(64)}`)).rejects.toThrow(
      `its bytes have digest ${manifestDigest}`,
    );
    expectEmptyStore();
  });

  it("refuses a config and a layer of the right size with other bytes", async () => {
    const { config, layers } = image.manifest;
    const change: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
      // Nothing but its digest tells this one from the image's.
      [config.digest]: (bytes) => Buffer.from(bytes.toString("latin1").replace("linux", "LINUX")),
      [layers[0]?.digest ?? ""]: (bytes) => Buffer.from(bytes.map((byte) => byte ^ 1)),
    };
    for (const [digest, changed] of Object.entries(change)) {
      const server = await start((request, response) => {
        const isIt = request.url.endsWith(digest);
        const bytes = changed(image.blobs.get(digest) ?? Buffer.alloc(0));
        answerImage(request, response, isIt ? bytes : undefined);
      });
      await expect(pull(`127.0.0.1:${server.port}/team/app:1`)).rejects.toThrow(
        /found (\d+) bytes with digest sha256:[0-9a-f]{64}, expected \1 bytes/,
      );
      expectEmptyStore();
    }
  });

  it("stops reading a blob that is longer than its manifest says", async () => {
    let sent = 0;
    const server = await start((request, response) => {
      if (!request.url.endsWith(image.manifest.layers[1]?.digest ?? "")) {
        answerImage(request, response);
        return;
      }
      const more = () => {
        sent += 65_536;
        if (response.write(Buffer.alloc(65_536))) {
          setImmediate(more);
        } else {
          response.once("drain", more);
        }
      };
      response.on("error", () => {});
      more();
    });
    await expect(pull(`127.0.0.1:${server.port}/team/app:1`)).rejects.toThrow(
      "bytes that its manifest says",
    );
    expect(sent).toBeLessThan(50 * 1024 * 1024);
    expect(readdirSync(join(dir, "data/images"))).toEqual([]);
  });

  it("goes on with the layers that were complete when it is tried again", async () => {
    let isBroken = true;
    const server = await start((request, response) => {
      const isLast = request.url.endsWith(image.manifest.layers[1]?.digest ?? "");
      if (isLast && isBroken) {
        response.writeHead(500).end();
      } else {
        answerImage(request, response);
      }
    });
    const reference = `127.0.0.1:${server.port}/team/app:1`;
    await expect(pull(reference)).rejects.toThrow("HTTP status 500");
    isBroken = false;
    await pull(reference);
    const first = image.manifest.layers[0]?.digest ?? "";
    expect(server.seen.filter(({ url }) => url.endsWith(first))).toHaveLength(1);
  });
});
