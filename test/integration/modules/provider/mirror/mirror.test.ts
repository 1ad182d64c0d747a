// SPDX-License-Identifier: Apache-2.0
// The mirror as nodes see it: a process of its own, asked over HTTP.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mirror } from "../../../../../modules/provider/handlers/mirror.ts";
import type { PropertyValues } from "../../../../../modules/provider/property-value.ts";
import { freePort } from "../../../../helpers/free-port.ts";
import { resourceContext } from "../../../../helpers/resource-context.ts";
import { writeTar } from "../../../../helpers/tar.ts";
import { ociImage, plainLayer, sha256 } from "../../../../helpers/unpack.ts";
import { waitFor } from "../../../../helpers/wait-for.ts";

const dir = mkdtempSync(join(tmpdir(), "corefly-mirror-"));
const context = resourceContext({
  name: "lab-mirror",
  cacheDir: join(dir, "cache"),
  stackDir: join(dir, "stack"),
});
const blobs = join(dir, "cache/blobs/sha512");

const content = Buffer.alloc(300_000, "corefly");
const image = ociImage([plainLayer([{ path: "hello", content: "hello" }])]);
const manifestDigest = sha256(Buffer.from(image.manifestText));
const layerDigest = image.manifest.layers[0]?.digest ?? "";

let port = 0;
let inputs: PropertyValues = {};
let outputs: PropertyValues = {};

beforeAll(async () => {
  mkdirSync(blobs, { recursive: true });
  port = await freePort();
  inputs = {
    port,
    files: {
      "files/node": { sha512: keep(content) },
      "aci/x.aci.asc": { text: "a signature\n" },
    },
    images: { "corefly.dev/hello:v1": { sha512: keep(layoutTar()) } },
  };
  outputs = { ...inputs, ...(await mirror.create(inputs, context)).outputs };
});

afterAll(async () => {
  await mirror.delete?.("lab-mirror", outputs, context);
  rmSync(dir, { recursive: true, force: true });
});

describe("mirror", () => {
  it("serves files by digest and by path", async () => {
    const byDigest = await get(`/sha512/${sha512(content)}`);
    expect([byDigest.status, byDigest.body.equals(content)]).toEqual([200, true]);
    const byPath = await get("/files/node");
    expect([byPath.status, byPath.body.equals(content)]).toEqual([200, true]);
    const text = await get("/aci/x.aci.asc");
    expect([text.status, text.body.toString()]).toEqual([200, "a signature\n"]);
  });

  it("serves parts of files", async () => {
    const part = await get("/files/node", { headers: { range: "bytes=7-13" } });
    expect([part.status, part.body.toString(), part.headers["content-range"]]).toEqual([
      206,
      "corefly",
      `bytes 7-13/${content.length}`,
    ]);
    const beyond = await get("/files/node", { headers: { range: "bytes=300000-" } });
    expect([beyond.status, beyond.headers["content-range"]]).toEqual([
      416,
      `bytes */${content.length}`,
    ]);
  });

  it("serves an image out of its archive", async () => {
    const repository = "/v2/corefly.dev/hello";
    expect((await get("/v2/")).status).toBe(200);
    const tagged = await get(`${repository}/manifests/v1`);
    expect([tagged.status, tagged.body.toString()]).toEqual([200, image.manifestText]);
    expect(tagged.headers["docker-content-digest"]).toBe(manifestDigest);
    expect(tagged.headers["content-type"]).toBe("application/vnd.oci.image.manifest.v1+json");
    const byDigest = await get(`${repository}/manifests/${manifestDigest}`, { method: "HEAD" });
    expect([byDigest.status, byDigest.headers["content-length"], byDigest.body.length]).toEqual([
      200,
      String(image.manifestText.length),
      0,
    ]);
    const layer = await get(`${repository}/blobs/${layerDigest}`);
    expect(sha256(layer.body)).toBe(layerDigest);
    const tags = await get(`${repository}/tags/list`);
    expect(JSON.parse(tags.body.toString())).toEqual({ name: "corefly.dev/hello", tags: ["v1"] });
  });

  it.each([
    ["/v2/corefly.dev/hello/manifests/v2", "MANIFEST_UNKNOWN"],
    [`/v2/corefly.dev/hello/blobs/sha256:${"0".repeat(64)}`, "BLOB_UNKNOWN"],
    ["/v2/corefly.dev/other/manifests/v1", "NAME_UNKNOWN"],
    ["/v2/constructor/tags/list", "NAME_UNKNOWN"],
    [`/sha512/${"0".repeat(128)}`, "NOT_FOUND"],
    ["/sha512/../../../etc/passwd", "NOT_FOUND"],
    ["/../../etc/passwd", "NOT_FOUND"],
    ["/files/..%2f..%2fetc/passwd", "NOT_FOUND"],
    ["/%2e%2e/%2e%2e/etc/passwd", "NOT_FOUND"],
    ["//etc/passwd", "NOT_FOUND"],
    ["/__proto__", "NOT_FOUND"],
    ["/constructor", "NOT_FOUND"],
    ["/files", "NOT_FOUND"],
    ["/files/node\\x00", "NOT_FOUND"],
  ])("has nothing at %s", async (path, code) => {
    const answer = await get(path);
    expect([answer.status, JSON.parse(answer.body.toString()).errors[0].code]).toEqual([404, code]);
  });

  it.each(["PUT", "POST", "DELETE", "PATCH"])("is read only: %s", async (method) => {
    const before = readdirSync(blobs);
    const answer = await get("/v2/corefly.dev/hello/blobs/uploads/", { method });
    expect([answer.status, answer.headers["allow"]]).toEqual([405, "GET, HEAD"]);
    expect(readdirSync(blobs)).toEqual(before);
  });

  it("logs every request", async () => {
    await get("/logged/me?x=%0aforged");
    const log = () => readFileSync(String(outputs["logPath"]), "utf8");
    await waitFor(() => log().includes("/logged/me"));
    const [line = ""] = log()
      .split("\n")
      .filter((each) => each.includes("/logged/me"));
    expect(line).toMatch(/^\S+Z 127\.0\.0\.1 GET "\/logged\/me\?x=%0aforged" 404 \d+ \d+ms$/);
  });

  it("listens on the loopback only", async () => {
    const listening = readFileSync("/proc/net/tcp", "utf8")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local = "", , state]) => local.endsWith(hexPort(port)) && state === "0A");
    expect(listening.map(([, local]) => local)).toEqual([`0100007F${hexPort(port)}`]);
  });

  it("refuses a file in the cache that is not what its name says", async () => {
    const path = join(blobs, "f".repeat(128));
    writeFileSync(path, "something else");
    const bad = { ...inputs, files: { broken: { sha512: "f".repeat(128) } } };
    await mirror.update?.("lab-mirror", outputs, bad, context);
    const answer = await get("/broken");
    expect(answer.status).toBe(500);
    expect(answer.body.toString()).not.toContain("something else");
    expect(JSON.parse(answer.body.toString()).errors[0].message).toMatch(
      /^Cannot serve sha512-f{12}…: the file in the cache has digest/,
    );
    await mirror.update?.("lab-mirror", outputs, inputs, context);
  });

  it("says which file is not in the cache", async () => {
    const bad = { ...inputs, files: { "files/x": { sha512: "1".repeat(128) } } };
    await expect(mirror.update?.("lab-mirror", outputs, bad, context)).rejects.toThrow(
      /^Cannot serve "files\/x": sha512-1{12}… is not in /,
    );
  });

  it("takes its own port as free, and names the argument for one of others", async () => {
    expect((await mirror.check?.(undefined, inputs, context))?.failures).toEqual([]);
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const address = other.address();
    const taken = typeof address === "object" && address !== null ? address.port : 0;
    const checked = await mirror.check?.(undefined, { ...inputs, port: taken }, context);
    other.close();
    expect(checked?.failures).toEqual([
      {
        property: "port",
        reason: `Port ${taken} of 127.0.0.1 is taken by another program, expected a free one`,
      },
    ]);
  });

  it("names the file or image that cannot be served", async () => {
    const wrong = {
      ...inputs,
      files: { "../x": { text: "" }, both: { text: "", sha512: "0".repeat(128) } },
      images: { "no-tag": { sha512: "0".repeat(128) } },
    };
    const checked = await mirror.check?.(undefined, wrong, context);
    expect(checked?.failures.map(({ property }) => property)).toEqual([
      'files["../x"]',
      'files["both"]',
      'images["no-tag"]',
    ]);
  });

  it("is started again when it died, on the same port", async () => {
    const running = await mirror.read?.("lab-mirror", outputs, context);
    expect(running?.outputs["running"]).toBe(true);
    expect(await mirror.diff?.(outputs, inputs, context)).toMatchObject({ changes: false });
    process.kill(Number(running?.outputs["pid"]), "SIGKILL");
    await waitFor(async () => {
      const found = await mirror.read?.("lab-mirror", outputs, context);
      return found?.outputs["running"] === false;
    });
    expect(await mirror.diff?.(outputs, inputs, context)).toEqual({
      changes: true,
      replaces: [],
      detailed: { running: "update" },
    });
    await mirror.update?.("lab-mirror", outputs, inputs, context);
    expect((await get("/files/node")).status).toBe(200);
  });

  it("leaves neither process, port nor file behind", async () => {
    await mirror.delete?.("lab-mirror", outputs, context);
    await expect(get("/v2/")).rejects.toThrow(/ECONNREFUSED/);
    expect(existsSync(join(dir, "stack/mirrors/lab-mirror"))).toBe(false);
    // Twice does no harm.
    await mirror.delete?.("lab-mirror", outputs, context);
  });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** A request whose path is sent as it is; fetch would tidy it up. */
function get(
  path: string,
  options: { readonly method?: string; readonly headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port, path, agent: false, ...options },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        );
      },
    );
    sent.on("error", reject);
    sent.end();
  });
}

function keep(bytes: Buffer): string {
  const digest = sha512(bytes);
  writeFileSync(join(blobs, digest), bytes);
  return digest;
}

function sha512(bytes: Buffer): string {
  return createHash("sha512").update(bytes).digest("hex");
}

function layoutTar(): Buffer {
  const manifest = Buffer.from(image.manifestText);
  const index = {
    schemaVersion: 2,
    manifests: [
      {
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest: manifestDigest,
        size: manifest.length,
      },
    ],
  };
  return writeTar([
    { path: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' },
    { path: "index.json", content: JSON.stringify(index) },
    { path: "blobs/sha256/" },
    ...[...image.blobs, [manifestDigest, manifest] as const].map(([digest, bytes]) => ({
      path: `blobs/${digest.replace(":", "/")}`,
      content: bytes,
    })),
  ]);
}

function hexPort(number: number): string {
  return `:${number.toString(16).toUpperCase().padStart(4, "0")}`;
}
