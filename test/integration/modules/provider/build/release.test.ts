// SPDX-License-Identifier: Apache-2.0
// Released artefacts instead of compiling, from a server on this machine.
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { lockOf } from "../../../../../modules/artifacts/lock.ts";
import { obtainArtifacts } from "../../../../../modules/provider/build/obtain.ts";
import { downloadRelease, releaseAddress } from "../../../../../modules/provider/build/release.ts";

const content = Buffer.alloc(3_000_000, "artefact ");
const sha512 = createHash("sha512").update(content).digest("hex");
const wanted = { sha512, sizeBytes: content.length };

let folder: string;
let server: Server;
let url: string;
let answers: Map<string, Buffer>;
let requests: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "release-"));
  answers = new Map([[`/r/sha512/${sha512}`, content]]);
  requests = [];
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const answer = answers.get(request.url ?? "");
    response.writeHead(answer === undefined ? 404 : 200).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/r`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const download = (name = "file") =>
  downloadRelease(url, wanted, join(folder, name), { progress: () => {} });

describe("downloadRelease()", () => {
  it("fetches by digest", async () => {
    expect(await download()).toEqual(wanted);
    expect(readFileSync(join(folder, "file")).equals(content)).toBe(true);
    expect(requests).toEqual([`GET /r/sha512/${sha512}`]);
  });

  it("refuses other bytes of the same length", async () => {
    const forged = Buffer.from(content);
    forged[1_000_000] = 0;
    answers.set(`/r/sha512/${sha512}`, forged);
    const found = createHash("sha512").update(forged).digest("hex");
    await expect(download()).rejects.toThrow(`has sha512 ${found} in 3000000 bytes`);
  });

  it("refuses less", async () => {
    answers.set(`/r/sha512/${sha512}`, content.subarray(1));
    await expect(download()).rejects.toThrow("in 2999999 bytes");
  });

  it("refuses more without reading all of it", async () => {
    answers.set(`/r/sha512/${sha512}`, Buffer.concat([content, content]));
    await expect(download()).rejects.toThrow("is longer than 3000000 bytes");
  });

  it("says what the server answers", async () => {
    answers.clear();
    await expect(download()).rejects.toThrow(`${url}/sha512/${sha512} answers 404`);
  });

  it("says that the connection broke, and how far it was", async () => {
    server.removeAllListeners("request");
    server.on("request", (_request, response) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 1_000_000), () => response.destroy());
    });
    await expect(download()).rejects.toThrow(
      /^http:\/\/127\.0\.0\.1:\d+\/r\/sha512\/[0-9a-f]+ broke off after \d+ of 3000000 bytes: /,
    );
  });

  it("says that the disk is full", async () => {
    const full = downloadRelease(url, wanted, "/dev/full", { progress: () => {} });
    await expect(full).rejects.toThrow(/^ENOSPC/);
  });

  it("says that nobody answers", async () => {
    const dead = downloadRelease("http://127.0.0.1:1/", wanted, join(folder, "file"), {
      progress: () => {},
    });
    await expect(dead).rejects.toThrow(/^no answer from http:\/\/127\.0\.0\.1:1\/sha512\/.*: /);
  });
});

describe("releaseAddress()", () => {
  it("is below the folder, with or without a slash at its end", () => {
    expect(releaseAddress("https://x/r/", "ab").href).toBe("https://x/r/sha512/ab");
    expect(releaseAddress("https://x/r", "ab").href).toBe("https://x/r/sha512/ab");
  });

  it.each(["", "releases", "file:///etc"])("refuses %j", (address) => {
    expect(() => releaseAddress(address, "ab")).toThrow(
      `the release's address "${address}" is no http or https URL`,
    );
  });
});

describe("obtainArtifacts() with a release", () => {
  it("keeps nothing that is not what the lock says, and names the artefact", async () => {
    const entry = lockOf("amd64")["etcd"];
    answers.set(`/r/sha512/${entry?.sha512}`, Buffer.alloc(entry?.sizeBytes ?? 0));
    const cacheDir = join(folder, "cache");
    const obtaining = obtainArtifacts(["etcd"], {
      cacheDir,
      architecture: "amd64",
      source: { releaseUrl: url },
    });
    await expect(obtaining).rejects.toThrow(
      /^Cannot obtain artefact "etcd" v[\d.]+ for amd64: http:\/\/127\.0\.0\.1:\d+\/r\/sha512\/[0-9a-f]+ has sha512 [0-9a-f]{128} in \d+ bytes/,
    );
    expect(existsSync(join(cacheDir, "blobs"))).toBe(false);
    expect(readdirSync(join(cacheDir, "work"))).toEqual([]);
  });

  it("names the artefact when the disk refuses it", async () => {
    writeFileSync(join(folder, "cache"), "no folder");
    const obtaining = obtainArtifacts(["etcd"], {
      cacheDir: join(folder, "cache"),
      architecture: "amd64",
      source: { releaseUrl: url },
    });
    await expect(obtaining).rejects.toThrow(
      /^Cannot obtain artefact "etcd" v[\d.]+ for amd64: E[A-Z]+: /,
    );
  });

  it("takes an image from it without its parts, and asks only once", async () => {
    const cache = join(folder, "cache");
    const entry = lockOf("amd64")["etcd-oci"];
    const source = process.env["COREFLY_CACHE"] ?? `${process.env["HOME"]}/.cache/corefly`;
    const built = await obtainArtifacts(["etcd-oci"], { cacheDir: source, architecture: "amd64" });
    answers.set(`/r/sha512/${entry?.sha512}`, readFileSync(built["etcd-oci"]?.path ?? ""));
    const options = {
      cacheDir: cache,
      architecture: "amd64",
      source: { releaseUrl: url },
    } as const;
    const first = await obtainArtifacts(["etcd-oci"], options);
    const second = await obtainArtifacts(["etcd-oci"], options);
    expect(second).toEqual(first);
    expect(first["etcd-oci"]).toMatchObject({
      sha512: entry?.sha512,
      path: join(cache, "blobs/sha512", entry?.sha512 ?? ""),
    });
    expect(requests).toEqual([`GET /r/sha512/${entry?.sha512}`]);
  });
});
