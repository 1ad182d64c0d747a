// SPDX-License-Identifier: Apache-2.0
// Debian's docker-registry on loopback for one test file, and pushing to it.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import type { ociImage } from "./unpack.ts";
import { waitFor } from "./wait-for.ts";

export interface TestRegistry {
  readonly host: string;
  push(
    repository: string,
    tag: string,
    image: Pick<ReturnType<typeof ociImage>, "blobs" | "manifestText">,
  ): Promise<void>;
  /** An index or manifest as it stands; answers nothing. */
  pushManifest(repository: string, tag: string, text: string): Promise<void>;
  close(): Promise<void>;
}

export async function startRegistry(dir: string): Promise<TestRegistry> {
  const host = `127.0.0.1:${await freePort()}`;
  const config = writeRegistryConfig(dir, host);
  const child = spawn("docker-registry", ["serve", config], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.on("close", resolve));
  await waitFor(async () => (await fetch(`http://${host}/v2/`)).ok);
  const pushManifest = async (repository: string, tag: string, text: string) => {
    const mediaType: string = JSON.parse(text).mediaType;
    const url = `http://${host}/v2/${repository}/manifests/${tag}`;
    await sent(url, { method: "PUT", headers: { "content-type": mediaType }, body: text });
  };
  return {
    host,
    pushManifest,
    push: async (repository, tag, image) => {
      for (const [digest, bytes] of image.blobs) {
        const started = await sent(`http://${host}/v2/${repository}/blobs/uploads/`, {
          method: "POST",
        });
        const place = new URL(started.headers.get("location") ?? "");
        place.searchParams.set("digest", digest);
        await sent(place.href, {
          method: "PUT",
          headers: { "content-type": "application/octet-stream" },
          body: new Uint8Array(bytes),
        });
      }
      await pushManifest(repository, tag, image.manifestText);
    },
    close: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** What `docker-registry serve` reads: images below `dir`, whoever serves them. */
export function writeRegistryConfig(dir: string, host: string): string {
  const config = join(dir, "registry.yml");
  writeFileSync(
    config,
    [
      "version: 0.1",
      "log: { level: error }",
      `storage: { filesystem: { rootdirectory: ${join(dir, "registry")} } }`,
      `http: { addr: "${host}" }`,
      "",
    ].join("\n"),
  );
  return config;
}

async function sent(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) {
    throw new Error(`${init.method} ${url}: ${response.status} ${await response.text()}`);
  }
  return response;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
