// SPDX-License-Identifier: Apache-2.0
// Somebody who fetches OCI images from registries, and an image that a test's own server answers as a registry would.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "@jest/globals";
import { type FetchOptions, fetchOciImage } from "../../runtime/image/fetch.ts";
import type { RegistryAuth } from "../../runtime/image/oci/registry-auth.ts";
import { ImageStore } from "../../runtime/store/image-store.ts";
import { linuxSystem } from "../../runtime/system/linux.ts";
import { type SeenRequest, serve, type TestServer } from "./http-server.ts";
import { ociImage, plainLayer, type TestLayer } from "./unpack.ts";

const top = plainLayer([{ path: "top", content: "t".repeat(10_000) }]);

/** Of an image: one as it is, and one of 10 kB that is compressed. */
export const LAYERS: readonly TestLayer[] = [
  plainLayer([{ path: "base", content: "b" }]),
  {
    blob: gzipSync(top.tar),
    tar: top.tar,
    mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  },
];

export const OCI_IMAGE = ociImage(LAYERS);

/** Answers as a registry that has OCI_IMAGE under every name; `changed` instead of a blob. */
export function answerImage(
  { url }: SeenRequest,
  response: ServerResponse,
  changed?: Buffer,
): void {
  const [, digest = ""] = /\/blobs\/(.*)$/.exec(url) ?? [];
  const body = url.includes("/manifests/")
    ? Buffer.from(OCI_IMAGE.manifestText)
    : (changed ?? OCI_IMAGE.blobs.get(digest));
  response.writeHead(body === undefined ? 404 : 200);
  response.end(body);
}

export class OciUser {
  readonly dir: string;
  readonly store: ImageStore;
  readonly #servers: TestServer[] = [];

  private constructor(dir: string, store: ImageStore) {
    this.dir = dir;
    this.store = store;
  }

  static async make(): Promise<OciUser> {
    const dir = mkdtempSync(join(tmpdir(), "corefly-pull-"));
    return new OciUser(dir, await ImageStore.open(join(dir, "data"), linuxSystem()));
  }

  pull(reference: string, auth?: RegistryAuth): ReturnType<typeof fetchOciImage> {
    return fetchOciImage(reference, this.options(auth));
  }

  options(auth?: RegistryAuth): FetchOptions {
    return {
      store: this.store,
      system: linuxSystem(),
      config: { directories: [join(this.dir, "etc")] },
      insecure: new Set(["image"]),
      pullPolicy: "update",
      auth,
    };
  }

  /** A file of the user's configuration. */
  configure(folder: string, content: object): void {
    mkdirSync(join(this.dir, "etc", folder), { recursive: true });
    writeFileSync(
      join(this.dir, "etc", folder, "test.json"),
      JSON.stringify({ rktVersion: "v1", ...content }),
    );
  }

  /** A server of this user's, closed with the rest. */
  async serve(...args: Parameters<typeof serve>): Promise<TestServer> {
    const server = await serve(...args);
    this.#servers.push(server);
    return server;
  }

  expectEmptyStore(): void {
    for (const name of ["images", "layers", "tmp"]) {
      expect(readdirSync(join(this.dir, "data", name))).toEqual([]);
    }
  }

  async remove(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()));
    rmSync(this.dir, { recursive: true });
  }
}
