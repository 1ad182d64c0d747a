// SPDX-License-Identifier: Apache-2.0
// OCI images from Debian's registry.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { fetchImage, fetchOciImage } from "../../../../runtime/image/fetch.ts";
import { LAYERS, OciUser } from "../../../helpers/oci-user.ts";
import { startRegistry, type TestRegistry } from "../../../helpers/registry.ts";
import { ociImage, plainLayer, sha256 } from "../../../helpers/unpack.ts";

const image = ociImage(LAYERS, {
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
let user: OciUser;

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
  user = await OciUser.make();
});
afterEach(() => user.remove());

describe("fetchOciImage() from docker-registry", () => {
  it("brings all layers and what the config says", async () => {
    const reference = `${registry.host}/team/app:1.0`;
    const stored = await user.pull(reference);
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
    const [top = "", base = ""] = await user.store.rootfs(stored.id);
    expect(readFileSync(join(top, "top"), "utf8")).toHaveLength(10_000);
    expect(readdirSync(base)).toEqual(["base"]);
  });

  it("CRI-05: takes name:tag@digest by the digest alone, and knows it by that", async () => {
    const reference = `${registry.host}/team/app:9.9@${manifestDigest}`;
    const stored = await user.pull(reference);
    const byDigest = `${registry.host}/team/app@${manifestDigest}`;
    expect([stored.repoTags, stored.repoDigests]).toEqual([[], [byDigest]]);
    for (const each of [reference, byDigest, stored.id, stored.id.slice("sha256:".length, 20)]) {
      expect((await user.store.find(each))?.id).toBe(stored.id);
    }
    expect(await user.store.find(`${registry.host}/team/app:9.9`)).toBe(undefined);
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
    const stored = await user.pull(`${registry.host}/team/app:multi`);
    expect(stored.id).toBe(image.manifest.config.digest);
    expect(stored.repoDigests).toEqual([`${registry.host}/team/app@${sha256(Buffer.from(index))}`]);
    await expect(user.pull(`${registry.host}/team/app:other`)).rejects.toThrow(
      `no image for linux/${here}, it has linux/riscv64, linux/s390x`,
    );
  });

  it("gives a tag that moved to the new image, and keeps the old one without it", async () => {
    const reference = `${registry.host}/team/moving:1`;
    await registry.push("team/moving", "1", image);
    const old = await user.pull(reference);
    const next = ociImage([plainLayer([{ path: "base", content: "next" }])]);
    await registry.push("team/moving", "1", next);
    const stored = await user.pull(reference);
    expect((await user.store.find(reference))?.id).toBe(stored.id);
    expect((await user.store.get(old.id)).repoTags).toEqual([]);
    expect((await fetchOciImage(reference, { ...user.options(), pullPolicy: "new" })).id).toBe(
      stored.id,
    );
  });

  it("adds a second name to an image that is there, and forgets both together", async () => {
    await registry.push("team/alias", "2", image);
    const first = await user.pull(`${registry.host}/team/app:1.0`);
    const second = await user.pull(`${registry.host}/team/alias:2`);
    expect(second.id).toBe(first.id);
    expect(second.repoTags).toEqual([
      `${registry.host}/team/app:1.0`,
      `${registry.host}/team/alias:2`,
    ]);
    await user.store.remove(first.id);
    expect(await user.store.list()).toEqual([]);
    user.expectEmptyStore();
  });

  it("says that a tag, or a registry, is not there", async () => {
    await expect(user.pull(`${registry.host}/team/app:nope`)).rejects.toThrow(
      `Cannot fetch manifest "nope" of "${registry.host}/team/app": the registry does not have it`,
    );
    await expect(user.pull("127.0.0.1:1/team/app")).rejects.toThrow(
      'Cannot fetch "http://127.0.0.1:1/v2/team/app/manifests/latest": ',
    );
  });

  it("asks the mirror with the longest prefix, and nobody else", async () => {
    await registry.push("mirror/example.test/apps/web", "3", image);
    user.configure("registries.d", {
      rktKind: "registries",
      mirrors: [
        { prefix: "example.test", location: "http://127.0.0.1:1" },
        {
          prefix: "example.test/apps",
          location: `http://${registry.host}/mirror/example.test/apps`,
        },
      ],
    });
    const stored = await user.pull("example.test/apps/web:3");
    expect(stored.repoTags).toEqual(["example.test/apps/web:3"]);
    await expect(user.pull("example.test/appsx/web:3")).rejects.toThrow(
      "http://127.0.0.1:1/v2/appsx/web",
    );
  });

  it("gives up at once when it is cancelled, and leaves nothing", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(
      fetchOciImage(`${registry.host}/team/app:1.0`, { ...user.options(), signal }),
    ).rejects.toThrow("enough");
    user.expectEmptyStore();
  });

  it("wants to be told that nobody checks signatures", async () => {
    await expect(
      fetchImage(`docker://${registry.host}/team/app:1.0`, {
        ...user.options(),
        insecure: new Set(),
      }),
    ).rejects.toThrow(
      "signature verification for OCI images is not supported yet (try --insecure-options=image)",
    );
  });
});
