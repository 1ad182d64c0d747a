// SPDX-License-Identifier: Apache-2.0
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { failure } from "../../../helpers/cri-client.ts";
import { CriNode } from "../../../helpers/cri-node.ts";
import { serve, type TestServer } from "../../../helpers/http-server.ts";
import { startRegistry, type TestRegistry } from "../../../helpers/registry.ts";
import { ociImage, plainLayer, sha256 } from "../../../helpers/unpack.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

let shared: string;
let registry: TestRegistry;
let node: CriNode;
beforeAll(async () => {
  shared = mkdtempSync(join(tmpdir(), "cri-registry-"));
  registry = await startRegistry(shared);
  await registry.push("mirrored/team/app", "1.0", app);
  node = await CriNode.start({
    hostNetwork: true,
    config: {
      "registries.d/test.json": JSON.stringify({
        rktKind: "registries",
        rktVersion: "v1",
        mirrors: [
          { prefix: "example.test", location: `http://${registry.host}/mirrored` },
          { prefix: "gone.test", location: "http://127.0.0.1:1" },
        ],
      }),
    },
  });
}, 60_000);
afterEach(async () => {
  await node.removePods();
});
afterAll(async () => {
  await node.remove();
  await registry.close();
  rmSync(shared, { recursive: true });
}, 60_000);

const app = ociImage([plainLayer([{ path: "base", content: "b" }])], {
  config: { Entrypoint: ["/base"], User: "1000:50", StopSignal: "SIGRTMIN+3" },
});
const digest = sha256(Buffer.from(app.manifestText));
const image = (reference: string) => ({ image: { image: reference } });

describe("PullImage", () => {
  it("answers with the one id that everybody uses, and the image is found by each of its names", async () => {
    const reference = "example.test/team/app:1.0";
    const { imageRef } = await node.client.image.pullImage(image(reference));
    expect(imageRef).toMatch(/^sha256:[0-9a-f]{64}$/);
    for (const name of [reference, imageRef, `example.test/team/app@${digest}`]) {
      const { image: found } = await node.client.image.imageStatus(image(name));
      expect(found?.id).toBe(imageRef);
    }
    const { image: found } = await node.client.image.imageStatus(image(reference));
    expect(found).toMatchObject({
      repoTags: [reference],
      repoDigests: [`example.test/team/app@${digest}`],
      uid: { value: 1000n },
      username: "",
    });
    expect(found?.size).toBeGreaterThan(0n);
    const { images } = await node.client.image.listImages({ filter: image(reference) });
    expect(images.map(({ id }) => id)).toEqual([imageRef]);
  });

  it("gives the kubelet its reasons", async () => {
    const unreachable = await failure(node.client.image.pullImage(image("gone.test/a:1")));
    expect(unreachable).toMatchObject({
      code: 2,
      details: expect.stringMatching(/^RegistryUnavailable: /),
    });
    const missing = await failure(
      node.client.image.pullImage(image("example.test/team/missing:1")),
    );
    expect(missing.code).toBe(5);
  });

  it("many at once are one", async () => {
    const reference = "example.test/team/app:1.0";
    const all = await Promise.all(
      Array.from({ length: 5 }, () => node.client.image.pullImage(image(reference))),
    );
    expect(new Set(all.map(({ imageRef }) => imageRef)).size).toBe(1);
  });
});

describe("an image by its digest (CRI-05)", () => {
  /** The registry, and what it was asked. */
  let door: TestServer;
  let repository: string;
  beforeAll(async () => {
    door = await serve(({ method, url, headers }, response) => {
      // GET and HEAD have no body.
      request(`http://${registry.host}${url}`, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      }).end();
    });
    repository = `127.0.0.1:${door.port}/app`;
    await registry.push("app", "1.0", runnable);
    await registry.push("app", "2.0", app);
  });
  afterAll(() => door.close());

  const runnable = ociImage(
    [
      plainLayer([
        { path: "bin/busybox", content: readFileSync("/usr/bin/busybox"), mode: 0o755 },
        { path: "etc/passwd", content: "root:x:0:0::/:/bin/busybox\n" },
      ]),
    ],
    { config: { Entrypoint: ["/bin/busybox", "echo"], Cmd: ["ran"] } },
  );
  const runnableDigest = sha256(Buffer.from(runnable.manifestText));

  it.each([
    ["a tag that the registry does not have", ":9.9"],
    ["a tag that is another image now", ":2.0"],
    ["no tag", ""],
  ])("beside %s is that image, and no tag's", async (_name, tag) => {
    const byDigest = `${repository}@${runnableDigest}`;
    const reference = `${repository}${tag}@${runnableDigest}`;
    const { imageRef } = await node.client.image.pullImage(image(reference));
    expect(imageRef).toBe(runnable.manifest.config.digest);
    const asked = door.seen.map(({ url }) => url).filter((url) => url.includes("/manifests/"));
    expect(new Set(asked)).toEqual(new Set([`/v2/app/manifests/${runnableDigest}`]));
    for (const name of [reference, byDigest, imageRef, imageRef.slice("sha256:".length)]) {
      const { image: found } = await node.client.image.imageStatus(image(name));
      expect(found).toMatchObject({ id: imageRef, repoTags: [], repoDigests: [byDigest] });
    }
    for (const name of [`${repository}:9.9`, `${repository}:2.0`, `${repository}:latest`]) {
      expect((await node.client.image.imageStatus(image(name))).image).toBeUndefined();
    }
    const { images } = await node.client.image.listImages({ filter: image(reference) });
    expect(images).toMatchObject([{ id: imageRef, repoTags: [], repoDigests: [byDigest] }]);

    const podSandboxId = await node.runPod({
      linux: node.pods.inNamespaces({ network: 2, pid: 1 }),
    });
    const id = await node.runContainer(podSandboxId, "main", [], {
      image: { image: imageRef, userSpecifiedImage: reference },
    });
    const status = await node.exited(id);
    expect(status).toMatchObject({
      exitCode: 0,
      image: { image: reference },
      imageId: imageRef,
      imageRef,
    });
    expect(readFileSync(status.logPath, "utf8")).toMatch(/ stdout F ran\n$/);
    await node.runtime.removePodSandbox({ podSandboxId });
    await node.client.image.removeImage(image(reference));
    expect((await node.client.image.imageStatus(image(imageRef))).image).toBeUndefined();
  });
});

describe("ImageStatus", () => {
  it("of a missing image is an answer without image", async () => {
    expect(await node.client.image.imageStatus(image("example.test/no/such:1"))).toMatchObject({
      info: {},
    });
    const { image: none } = await node.client.image.imageStatus(image("example.test/no/such:1"));
    expect(none).toBeUndefined();
  });

  it("finds an ACI by its name, and a container runs from it: what static pods of the control plane do", async () => {
    node.fetch(node.buildBusybox("v1.37.2", "aci", "corefly.dev/kubernetes"));
    const reference = "corefly.dev/kubernetes:v1.37.2";
    const { image: found } = await node.client.image.imageStatus(image(reference));
    expect(found?.id).toMatch(/^sha512-[0-9a-f]{128}$/);
    const podSandboxId = await node.runPod({
      linux: node.pods.inNamespaces({ network: 2, pid: 1 }),
    });
    const id = await node.runContainer(podSandboxId, "main", ["cat", "/etc/version"], {
      image: { image: found?.id ?? "", userSpecifiedImage: reference },
    });
    const status = await node.exited(id);
    expect(status).toMatchObject({ exitCode: 0, imageId: found?.id, imageRef: found?.id });
    await node.runtime.removePodSandbox({ podSandboxId });
  });
});

describe("RemoveImage", () => {
  it("is idempotent and takes all names", async () => {
    const { imageRef } = await node.client.image.pullImage(image("example.test/team/app:1.0"));
    await Promise.all([
      node.client.image.removeImage(image(imageRef)),
      node.client.image.removeImage(image(imageRef)),
    ]);
    await node.client.image.removeImage(image(imageRef));
    const { image: none } = await node.client.image.imageStatus(image("example.test/team/app:1.0"));
    expect(none).toBeUndefined();
  });

  it("what could not go with its image goes when the server starts, what a pull just left stays", async () => {
    const tree = (digit: string, minutes: number) => {
      const path = join(node.dataDir, "layers", digit.repeat(64));
      mkdirSync(join(path, "rootfs"), { recursive: true });
      writeFileSync(join(path, "rendered"), '{"bytes":1,"inodes":1}\n');
      const at = Date.now() / 1000 - minutes * 60;
      utimesSync(join(path, "rendered"), at, at);
      return path;
    };
    const [old, young] = [tree("a", 61), tree("b", 1)];
    await node.killServer();
    await node.startServer();
    await waitFor(() => !existsSync(old));
    expect(existsSync(young)).toBe(true);
    rmSync(young, { recursive: true });
  });

  it("leaves the files to containers that run from it, also when mount options have no room for its layers", async () => {
    const reference = "example.test/team/layers:1";
    const layers = Array.from({ length: 90 }, (_, index) =>
      plainLayer([{ path: `file-${index}`, content: `${index}` }]),
    );
    const busybox = plainLayer([
      { path: "bin/busybox", content: readFileSync("/usr/bin/busybox"), mode: 0o755 },
    ]);
    const many = ociImage([busybox, ...layers]);
    await registry.push("mirrored/team/layers", "1", many);
    const before = readdirSync(join(node.dataDir, "layers"));
    await node.client.image.pullImage(image(reference));
    const id = await node.runContainer(
      await node.runPod({ linux: node.pods.inNamespaces({ network: 2, pid: 1 }) }),
      "main",
      ["/bin/busybox", "sleep", "1000"],
      image(reference),
    );
    await node.client.image.removeImage(image(reference));
    expect((await node.client.image.imageStatus(image(reference))).image).toBeUndefined();
    for (const file of ["file-0", "file-44", "file-89"]) {
      const { stdout } = await node.exec(id, "/bin/busybox", "cat", `/${file}`);
      expect(stdout).toBe(file.slice("file-".length));
    }
    await node.removePods();
    await node.client.image.pullImage(image("example.test/team/app:1.0"));
    await node.client.image.removeImage(image("example.test/team/app:1.0"));
    expect(readdirSync(join(node.dataDir, "layers"))).toEqual(before);
  }, 30_000);
});

describe("ImageFsInfo", () => {
  it("names a path that exists and says what the store takes", async () => {
    const { imageFilesystems } = await node.client.image.imageFsInfo();
    expect(imageFilesystems[0]?.fsId?.mountpoint).toBe(node.dataDir);
    expect(imageFilesystems[0]?.usedBytes?.value).toBeGreaterThan(0n);
    expect(imageFilesystems[0]?.inodesUsed?.value).toBeGreaterThan(0n);
  });
});
